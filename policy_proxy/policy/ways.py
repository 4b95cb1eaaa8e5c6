"""The ways in which a rule can be met: its disjunctive normal form, over single checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from policy_proxy.policy.nodes import Always, And, Never, Node, Not, Or, Reference, parts_of

Fact = tuple[Node, bool]
"""A single check, and the value that it needs to have."""
Way = frozenset[Fact]
"""Facts that together make a rule true."""

MOST = 256
"""Ways that are followed. Real rules have a few dozen at most."""


class Ways:
    """Finds the ways to a value of a node, the ones that change least first.

    :param now: the value that a single check has now; None for one that is of no use.
    :param fixed: whether a single check keeps that value, whatever is changed.

    `complete` turns False when ways had to be left out.
    """

    def __init__(self, now: Callable[[Node], bool | None], fixed: Callable[[Node], bool]) -> None:
        self._now = now
        self._fixed = fixed
        self._of_rules: dict[tuple[str, bool], list[Way]] = {}
        self.complete = True

    def to(self, node: Node, *, value: bool) -> list[Way]:
        if isinstance(node, Reference):
            known = self._of_rules.get((node.name, value))
            if known is None:
                known = self.to(node.rules[node.name], value=value)
                self._of_rules[node.name, value] = known
            return known
        if isinstance(node, Not):
            return self.to(node.part, value=not value)
        if isinstance(node, And | Or):
            return self._joined(node, value=value)
        return self._single(node, value=value)

    def changes(self, way: Way) -> Way:
        """The facts that are not so yet."""
        return frozenset(fact for fact in way if self._now(fact[0]) is not fact[1])

    def _joined(self, node: And | Or, *, value: bool) -> list[Way]:
        parts = [self.to(part, value=value) for part in parts_of(node)]
        if isinstance(node, And) is not value:  # one part is enough
            return self._fewest(way for ways in parts for way in ways)
        all_parts: list[Way] = [frozenset()]
        for ways in parts:
            both = (one | other for one, other in product(all_parts, ways))
            all_parts = self._fewest(way for way in both if not _contradictory(way))
        return all_parts

    def _single(self, node: Node, *, value: bool) -> list[Way]:
        if isinstance(node, Always | Never):
            return [frozenset()] if isinstance(node, Always) is value else []
        if self._fixed(node):
            return [frozenset()] if self._now(node) is value else []
        return [frozenset({(node, value)})]

    def _fewest(self, ways: Iterable[Way]) -> list[Way]:
        """Without ways that ask for all of another one and more; those with few changes first."""
        kept: list[Way] = []
        for way in sorted(set(ways), key=self._size):
            if any(other <= way for other in kept):
                continue
            if len(kept) == MOST:
                self.complete = False
                break
            kept.append(way)
        return kept

    def _size(self, way: Way) -> tuple[int, int, list[str]]:
        return len(self.changes(way)), len(way), sorted(f"{node}{value}" for node, value in way)


def _contradictory(way: Way) -> bool:
    return any((node, not value) in way for node, value in way)
