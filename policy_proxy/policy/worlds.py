"""Other callers and targets, that differ from given ones so that some facts hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from math import prod

from policy_proxy.policy.credentials import LISTS
from policy_proxy.policy.nodes import HasRole, Matches, Node
from policy_proxy.policy.values import Attributes
from policy_proxy.policy.ways import Way
from policy_proxy.policy.world import SAME, SCOPES, Place, World, compared, text_of, values_of

MOST = 20_000
"""Worlds that are tried for one way."""


def worlds(world: World, way: Way, scopes: Collection[str]) -> Iterator[World]:
    """Worlds in which every fact of the way holds, and the token has one of the scopes.

    :param way: facts about changeable checks.
    :param scopes: empty for any scope.
    """
    return _where(world, way, scopes, values_of(world, way))


def brought_about(world: World, told: Way, way: Way, scopes: Collection[str]) -> bool:
    """Whether the whole way holds wherever the told facts hold and nothing else is different.

    A token that gets another scope loses the one that it had; and it is one that the rule is for.

    :param told: facts of the way.
    :param scopes: empty for any scope.
    """
    free = {place for node, _ in told for place in compared(world, node)[0]}
    if scopes and world.scope() not in scopes:
        free |= {("caller", name) for name in SCOPES}
    values = {place: some for place, some in values_of(world, way).items() if place in free}
    if not _covered(way, values):
        return False
    tried = [
        all(made.holds(node) is value for node, value in way)
        for made in _where(world, told, scopes, values)
    ]
    return bool(tried) and all(tried)


def _where(
    world: World, way: Way, scopes: Collection[str], values: Mapping[Place, list[str | None]]
) -> Iterator[World]:
    """
    :param values: what to try in each place; others stay as they are.
    """
    for some in islice(product(*values.values()), MOST):
        chosen = dict(zip(values, some, strict=True))
        made = _made(world, _without_other_scopes(world, chosen), way)
        if (
            (not scopes or made.scope() in scopes)
            and sum(bool(made.creds.get(name)) for name in SCOPES) <= 1
            and all(made.holds(node) is value for node, value in way)
        ):
            yield made


def _without_other_scopes(
    world: World, chosen: Mapping[Place, str | None]
) -> Mapping[Place, str | None]:
    """What is chosen, and no other scope beside a scope that is."""
    scopes = [("caller", name) for name in SCOPES]
    new = any(chosen.get(place) not in (None, world.value(place)) for place in scopes)
    return {**dict.fromkeys(scopes), **chosen} if new else chosen


def all_tried(world: World, way: Way) -> bool:
    """Whether there is no other world than those of `worlds` that could matter."""
    return _covered(way, values_of(world, way))


def _covered(way: Way, values: Mapping[Place, list[str | None]]) -> bool:
    texts = [text_of(node) for node, _ in way]
    plain = all(text.form == f"%({text.names[0]})s" for text in texts if text.names)
    return plain and prod(map(len, values.values())) <= MOST


def _made(world: World, chosen: Mapping[Place, str | None], way: Way) -> World:
    creds, target = dict(world.creds), dict(world.target)
    for (whose, name), value in chosen.items():
        (creds if whose == "caller" else target)[name] = value or ""
    target |= {name: str(creds.get(name, "")) for name in world.own}
    creds |= {name: creds.get(same, "") for name, same in SAME.items()}
    creds = {name: value for name, value in creds.items() if value != ""}
    for node, wanted in way:
        if isinstance(node, HasRole):
            creds["roles"] = _listed(creds.get("roles", ()), node, target, str.lower, wanted=wanted)
        elif isinstance(node, Matches) and node.path[0] in LISTS:
            name = node.path[0]
            creds[name] = _listed(creds.get(name, ()), node, target, str, wanted=wanted)
    return replace(world, creds=creds, target={k: v for k, v in target.items() if v})


def _listed(
    had: Collection[str], node: Node, target: Attributes, key: Callable[[str], str], *, wanted: bool
) -> list[str]:
    """The entries with the one that the check asks for, or without it.

    :param key: entries for which it is the same count as the same.
    """
    entry = text_of(node).filled(target)
    if entry is None:
        return list(had)
    others = [one for one in had if key(one) != key(entry)]
    if not wanted:
        return others
    return [*had, entry] if len(others) == len(had) else list(had)
