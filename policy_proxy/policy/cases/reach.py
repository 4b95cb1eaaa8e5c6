"""Who makes a decision look at a check: for each check of a rule, a function of the solver."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter

from policy_proxy.policy.cases.watched import Point
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.diff.diagrams import Budget, Function
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference, leaves_of
from policy_proxy.policy.snapshot import PolicySnapshot


class Reach:
    """Of the operation that one rule decides.

    :ivar space: all callers and targets.
    :ivar checks: for each check when it is looked at, and when it holds.
    :ivar allowed: when the operation is allowed.
    :raises TooLarge: from the constructor, if that cannot be told.
    """

    def __init__(
        self, snapshot: PolicySnapshot, rule: str, facts: TargetFacts, budget: Budget
    ) -> None:
        self._snapshot = snapshot
        self.space = Space([Reference(rule, snapshot.rules)], facts, budget)
        self._held: dict[Node, Function] = {}
        self._into: dict[str, Function] = {}
        self.checks: dict[Point, tuple[Function, Function]] = {}
        fits = self.space.scoped(snapshot.scopes[rule])
        self._into[rule] = fits
        for one in _in_order(snapshot, rule):
            self._walk(snapshot.rules[one], Point(one), self._into[one])
        self.allowed = self.space.diagrams.all([fits, self._holds(snapshot.rules[rule])])

    def _walk(self, node: Node, point: Point, reached: Function) -> None:
        made = self.space.diagrams
        self.checks[point] = (reached, self._holds(node))
        if isinstance(node, Reference):
            before = self._into.get(node.name, made.never)
            self._into[node.name] = made.any([before, reached])
        elif isinstance(node, Not):
            self._walk(node.part, _below(point, 0), reached)
        elif isinstance(node, And | Or):
            for at, part in enumerate(node.parts):
                self._walk(part, _below(point, at), reached)
                held = self._holds(part)
                goes_on = held if isinstance(node, And) else made.not_(held)
                reached = made.all([reached, goes_on])

    def _holds(self, node: Node) -> Function:
        if node not in self._held:
            self._held[node] = self.space.function(node)
        return self._held[node]


def _below(point: Point, at: int) -> Point:
    return Point(point.rule, (*point.path, at))


def _in_order(snapshot: PolicySnapshot, rule: str) -> Iterator[str]:
    """The rule and those that it refers to, each after all that refer to it."""
    graph: dict[str, set[str]] = {}
    todo = [rule]
    while todo:
        one = todo.pop()
        if one not in graph:
            leaves = leaves_of(snapshot.rules[one])
            graph[one] = {leaf.name for leaf in leaves if isinstance(leaf, Reference)}
            todo += graph[one]
    yield from reversed(list(TopologicalSorter(graph).static_order()))
