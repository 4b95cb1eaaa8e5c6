"""What of a caller and a target the verdict of a rule can depend on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from policy_proxy.model import Target
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nodes import Foreign, Matches, Node, Reference, leaves_of
from policy_proxy.policy.snapshot import PolicySnapshot

_SCOPE = frozenset({"system_scope", "domain_id"})
"""What `scope_of` looks at, whatever a rule says."""
_OTHER_NAMES = {"system": "system_scope"}
_NO_TEXTS = frozenset(LISTS)
_NONE = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Looks:
    """
    :param fields: attributes of an `Identity`, without the roles, which are always looked at.
    :param names: attributes of the target; None for whatever it has.
    :param body: those of them that come from the body.
    """

    fields: tuple[str, ...]
    names: tuple[str, ...] | None
    body: frozenset[str] = frozenset()

    def unread(self, target: Target) -> frozenset[str]:
        """Attributes that the request may have had, though its record does not say so: the body is
        read only for a rule that looks at one of them.
        """
        return self.body if self.body.isdisjoint(target) else frozenset()


EVERYTHING = Looks((*TEXTS, "is_admin_project"), None)


def looks(snapshot: PolicySnapshot, rule: str, body: frozenset[str] = _NONE) -> Looks:
    """Two requests that are alike in this, and in their roles, get the same verdict.

    :param rule: one that the snapshot has.
    :param body: the attributes that the rule's operations take from the body.
    """
    leaves = list(reached(snapshot.rules[rule]))
    if any(isinstance(leaf, Foreign) for leaf in leaves):
        return replace(EVERYTHING, body=body)
    paths = {leaf.path[0] for leaf in leaves if isinstance(leaf, Matches)}
    fields = _SCOPE | {_OTHER_NAMES.get(name, name) for name in paths - _NO_TEXTS}
    known = fields & {*EVERYTHING.fields}
    names = snapshot.mentions[rule].names
    return Looks(tuple(sorted(known)), tuple(sorted(names)), names & body)


def reached(node: Node) -> Iterator[Node]:
    """The leaves of a rule, and of all that it refers to, directly or not."""
    todo, seen = [node], set[str]()
    while todo:
        for leaf in leaves_of(todo.pop()):
            if not isinstance(leaf, Reference):
                yield leaf
            elif leaf.name not in seen:
                seen.add(leaf.name)
                todo.append(leaf.rules[leaf.name])
