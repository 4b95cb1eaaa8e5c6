"""What the cases have seen of a policy: each operation allowed and denied, each check true and
false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from policy_proxy.policy.cases.watched import Point, Seen
from policy_proxy.policy.nodes import Node, Reference, leaves_of, parts_of
from policy_proxy.policy.snapshot import PolicySnapshot


class Outcome(NamedTuple):
    """One way in which something can come out.

    :param point: a check; None for the decision about the operation as a whole, which also minds
        the scope of the token.
    """

    rule: str
    point: Point | None
    value: bool


Decided = Mapping[str, set[bool]]
"""For the rule of each operation what was decided about it."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    :param seen: what came out in some case.
    :param missing: what did not, and could.
    :param impossible: what cannot, for no caller and target.
    """

    seen: tuple[Outcome, ...]
    missing: tuple[Outcome, ...]
    impossible: tuple[Outcome, ...] = ()

    @property
    def share(self) -> Fraction:
        """Of all that can be seen, from 0 to 1."""
        every = len(self.seen) + len(self.missing)
        return Fraction(len(self.seen), every) if every else Fraction(1)

    def percent(self) -> str:
        """Such as `97.4`; never rounded up, so that 100 is all of it."""
        tenths = int(self.share * 1000)
        return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


def coverage(
    snapshot: PolicySnapshot,
    operations: Iterable[str],
    decided: Decided,
    seen: Seen,
    impossible: Callable[[list[Outcome]], Iterable[Outcome]] = lambda _: (),
) -> Coverage:
    """
    :param operations: the rules that are asked for.
    :param impossible: tells of outcomes that were not seen those that never can be.
    """
    found: dict[bool, list[Outcome]] = {True: [], False: []}
    for outcome in outcomes(snapshot, operations):
        values = seen[outcome.point] if outcome.point else decided.get(outcome.rule, set())
        found[outcome.value in values].append(outcome)
    never = dict.fromkeys(impossible(found[False]))
    missing = tuple(outcome for outcome in found[False] if outcome not in never)
    return Coverage(tuple(found[True]), missing, tuple(never))


def outcomes(snapshot: PolicySnapshot, operations: Iterable[str]) -> Iterator[Outcome]:
    """All there are: of each operation, and of each check in a rule that decides one."""
    asked = dict.fromkeys(operations)
    for rule in asked:
        yield from (Outcome(rule, None, value) for value in (True, False))
    reached = reached_from(snapshot, asked)
    for rule in snapshot.rules:
        if rule in reached:
            for point, _ in points(snapshot, rule):
                yield from (Outcome(rule, point, value) for value in (True, False))


def reached_from(snapshot: PolicySnapshot, rules: Iterable[str]) -> frozenset[str]:
    """These rules, and those that they refer to, directly or not."""
    found, todo = set[str](), [*rules]
    while todo:
        rule = todo.pop()
        if rule not in found:
            found.add(rule)
            leaves = leaves_of(snapshot.rules[rule])
            todo += (leaf.name for leaf in leaves if isinstance(leaf, Reference))
    return frozenset(found)


def points(snapshot: PolicySnapshot, rule: str) -> Iterator[tuple[Point, Node]]:
    """Every check of a rule, the outer ones first; not those of rules that it refers to."""
    yield from _points(Point(rule), snapshot.rules[rule])


def _points(point: Point, node: Node) -> Iterator[tuple[Point, Node]]:
    yield point, node
    for at, part in enumerate(parts_of(node)):
        yield from _points(Point(point.rule, (*point.path, at)), part)
