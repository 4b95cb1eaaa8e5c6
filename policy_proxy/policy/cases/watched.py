"""A policy that is watched: it decides as ever, and notes how each of its checks came out.

What is noted is what a decision looked at: `role:b` in `role:a or role:b` is not, for somebody who
has the role `a`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from policy_proxy.policy.nodes import BY_ITSELF, And, Asked, Node, Not, Or, Reference, parts_of
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.values import Attributes, Credentials


class Point(NamedTuple):
    """A check, by where it stands.

    :param rule: the rule in which it is written.
    :param path: of the parts of parts that lead to it; empty for all that the rule says.
    """

    rule: str
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """A check, and the values that it had."""

    node: Node
    seen: set[bool] = field(compare=False)

    def holds(self, creds: Credentials, target: Attributes, asked: Asked = BY_ITSELF) -> bool:
        value = self.node.holds(creds, target, asked)
        self.seen.add(value)
        return value


Seen = Mapping[Point, set[bool]]


def watched(snapshot: PolicySnapshot) -> tuple[PolicySnapshot, Seen]:
    """The same policy, and what its checks have been so far, which grows as it decides."""
    rules: dict[str, Node] = {}
    seen: dict[Point, set[bool]] = {}
    for name, node in snapshot.rules.items():
        rules[name] = _watched(node, Point(name), rules, seen)
    return replace(snapshot, rules=rules), seen


def _watched(
    node: Node, point: Point, rules: Mapping[str, Node], seen: dict[Point, set[bool]]
) -> Node:
    seen[point] = set()
    parts = tuple(
        _watched(part, Point(point.rule, (*point.path, at)), rules, seen)
        for at, part in enumerate(parts_of(node))
    )
    if isinstance(node, And | Or):
        node = type(node)(parts)
    elif isinstance(node, Not):
        node = Not(*parts)
    elif isinstance(node, Reference):
        node = Reference(node.name, rules)
    return cast("Node", Watched(node, seen[point]))  # it answers as a node does
