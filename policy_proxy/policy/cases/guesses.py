"""Callers worth a try where the solver gives up: they may show what a check does not show yet."""

from __future__ import annotations

from collections.abc import Iterator

from policy_proxy.policy.cases.coverage import Outcome, reached_from
from policy_proxy.policy.cases.watched import Point
from policy_proxy.policy.diff.atoms import Atom, Literals, Scoped, TargetFacts
from policy_proxy.policy.diff.samples import Way
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.nodes import And, Node, Or, Reference, parts_of
from policy_proxy.policy.snapshot import PolicySnapshot

WAYS = 4
"""Ways to give a check its value that are tried with a token of each scope."""

_Needs = tuple[tuple[Node, bool], ...]
"""Checks, and the values that they must have."""


def guesses(
    snapshot: PolicySnapshot, rule: str, outcome: Outcome, facts: TargetFacts
) -> Iterator[Literals]:
    """Descriptions of callers who ask for a rule, and would make a check come out so if nothing in
    them is contradictory. They are nothing else.
    """
    point = outcome.point or Point(rule)
    needs = next(_routes(snapshot, point, snapshot.rules[rule], Point(rule)), None)
    if needs is None:
        return
    way = Way(frozenset(), facts)
    for number in range(WAYS):
        described: dict[Atom, bool] = {}
        for node, value in (*needs, (_at(snapshot, point), outcome.value)):
            described |= way.to(node, number, value=value)
        for scope in SCOPES:
            yield {**described, Scoped(scope): True}


def _routes(snapshot: PolicySnapshot, wanted: Point, node: Node, at: Point) -> Iterator[_Needs]:
    """What must be so before the wanted check is looked at, on each way to it."""
    if at == wanted:
        yield ()
    elif isinstance(node, Reference):
        if wanted.rule in reached_from(snapshot, [node.name]):
            yield from _routes(snapshot, wanted, snapshot.rules[node.name], Point(node.name))
    else:
        before: _Needs = ()
        for number, part in enumerate(parts_of(node)):
            below = Point(at.rule, (*at.path, number))
            for needs in _routes(snapshot, wanted, part, below):
                yield (*before, *needs)
            if isinstance(node, And | Or):
                before = (*before, (part, isinstance(node, And)))


def _at(snapshot: PolicySnapshot, point: Point) -> Node:
    node = snapshot.rules[point.rule]
    for number in point.path:
        node = parts_of(node)[number]
    return node
