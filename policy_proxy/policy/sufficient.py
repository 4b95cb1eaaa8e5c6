"""What would be enough: the smallest sets of changes that turn a denial into consent.

Computed from the rule itself, and each set is tried before it is told: the rule allows whatever
caller and target have these changes and no others. So a set also names what is so already, where a
change could undo it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from policy_proxy.policy.nodes import HasRole, Literal, Matches, Node
from policy_proxy.policy.values import Text
from policy_proxy.policy.ways import Fact, Way, Ways
from policy_proxy.policy.world import World, changeable
from policy_proxy.policy.worlds import all_tried, brought_about, worlds


@dataclass(frozen=True, slots=True)
class Sufficient:
    """What would be enough.

    :param sets: each a set of changes that together are enough, and what must stay with them.
    :param complete: whether there is no other such set.
    """

    sets: tuple[tuple[str, ...], ...]
    complete: bool


def sufficient(node: Node, world: World, scopes: Collection[str]) -> Sufficient:
    """The smallest sets of changes to the world with which the rule allows; the shortest first.

    :param node: the rule, which denies as things are.
    :param world: who asks, and for what.
    :param scopes: the scope types of the rule; empty for any.
    """
    now = _Now(world)
    ways = Ways(now, lambda leaf: not changeable(leaf))
    found: list[Way] = []
    complete = True
    for way in ways.to(node, value=True):
        changes = ways.changes(way)
        if any(other <= way for other in found):
            continue
        made = next(worlds(world, way, scopes), None)
        if made is None:
            complete = complete and all_tried(world, way)
        elif _Now(made)(node):
            found.append(_with_what_stays(world, way, changes, scopes))
        else:  # a check of an extension answers otherwise there
            complete = False
    scope = _scope_changes(world, scopes)
    told = dict.fromkeys(frozenset(_told(fact, world) for fact in facts) for facts in found)
    return Sufficient(
        tuple((*scope, *sorted(one)) for one in told if not any(other < one for other in told)),
        complete and ways.complete and not now.missed,
    )


def _with_what_stays(world: World, way: Way, changes: Way, scopes: Collection[str]) -> Way:
    """The changes, and the facts of the way that they could undo."""
    if brought_about(world, changes, way, scopes):
        return changes
    told = way
    for fact in sorted(way - changes, key=lambda fact: _told(fact, world)):
        if brought_about(world, told - {fact}, way, scopes):
            told -= {fact}
    return told


class _Now:
    """The values of checks in a world; None for one that fails, which helps neither way.

    `missed` turns True for a failure that a reference takes for a no: it might help after all.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.missed = False

    def __call__(self, node: Node) -> bool | None:
        try:
            return self._world.holds(node)
        except Exception as error:  # noqa: BLE001  however it fails
            self.missed = self.missed or isinstance(error, KeyError)
            return None


def scopes_told(scopes: Collection[str]) -> str:
    """Such as `a project`, `a domain or the system`."""
    return " or ".join(
        "the system" if scope == "system" else f"a {scope}" for scope in sorted(scopes)
    )


def _scope_changes(world: World, scopes: Collection[str]) -> tuple[str, ...]:
    fits = not scopes or world.scope() in scopes
    return () if fits else (f"a token scoped to {scopes_told(scopes)}",)


def _told(fact: Fact, world: World) -> str:
    """The fact as a condition, in the words of check strings as far as they go."""
    node, value = fact
    if isinstance(node, Matches) and (name := _bare(node.wanted)):
        if node.path == (name,) and name in world.own:  # it equals itself, where there is one
            return f"{'with' if value else 'without'} a {name}"
        whose = "the caller's own" if name in world.own else "the target's"
        return f"{node.path[0]} {'equal to' if value else 'other than'} {whose} {name}"
    if isinstance(node, Literal) and (name := _bare(node.wanted)):
        if name in world.own:
            return f"{'' if value else 'not '}{name}:{node.value}"
        return f"a target whose {name} is {'' if value else 'not '}{node.value}"
    if value:
        return str(node)
    return f"without {node}" if isinstance(node, HasRole) else f"not {node}"


def _bare(text: Text) -> str:
    """The attribute of the target that the text is, if it is that and nothing else."""
    return text.names[0] if text.names and text.form == f"%({text.names[0]})s" else ""
