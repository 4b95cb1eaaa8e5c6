"""The ways in which a rule can be met: its disjunctive normal form, over single checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from policy_proxy.policy.nodes import Always, And, Never, Node, Not, Or, Reference, parts_of

Fact = tuple[Node, bool]
"""A single check, and the value that it needs to have."""
Way = frozenset[Fact]
"""Facts that together make a rule true."""

MOST = 256
"""Ways that are followed. Real rules have a few dozen at most."""

_ANYHOW: list[Way] = [frozenset()]
"""The one way that asks for nothing."""


class Ways:
    """Finds the ways to a value of a node, the ones that change least first.

    :param now: the value that a single check has now; None for one that fails.
    :param fixed: whether a single check keeps that value, whatever is changed.

    `complete` turns False when ways had to be left out.
    """

    def __init__(self, now: Callable[[Node], bool | None], fixed: Callable[[Node], bool]) -> None:
        self._now = now
        self._fixed = fixed
        self._known: dict[tuple[Node, bool | None], list[Way]] = {}
        self.complete = True

    def to(self, node: Node, *, value: bool | None) -> list[Way]:
        """
        :param value: None for either, as long as nothing fails that is looked at.
        """
        known = self._known.get((node, value))
        if known is None:
            known = self._known[node, value] = self._found(node, value=value)
        return known

    def changes(self, way: Way) -> Way:
        """The facts that are not so yet."""
        return frozenset(fact for fact in way if self._now(fact[0]) is not fact[1])

    def _found(self, node: Node, *, value: bool | None) -> list[Way]:
        if isinstance(node, Reference):
            return self.to(node.rules[node.name], value=value)
        if isinstance(node, Not):
            return self.to(node.part, value=None if value is None else not value)
        if isinstance(node, And | Or):
            return self._joined(node, value=value)
        return self._single(node, value=value)

    def _joined(self, node: And | Or, *, value: bool | None) -> list[Way]:
        """Parts are looked at from left to right, up to the first that settles the value."""
        parts, settling = parts_of(node), isinstance(node, Or)
        if value is settling:
            return self._settled(parts, value=settling)
        unsettled = self._together(self.to(part, value=value) for part in parts)
        if value is not None or unsettled == _ANYHOW:
            return unsettled
        return self._fewest([*unsettled, *self._settled(parts, value=settling)])

    def _settled(self, parts: Sequence[Node], *, value: bool) -> list[Way]:
        """One part is enough, if none before it fails."""
        ways: list[Way] = []
        for at, part in enumerate(parts):
            before = [self.to(other, value=None) for other in parts[:at]]
            ways += self._together([*before, self.to(part, value=value)])
        return self._fewest(ways)

    def _together(self, needed: Iterable[list[Way]]) -> list[Way]:
        """One way of each."""
        joined = _ANYHOW
        for ways in needed:
            both = (one | other for one, other in product(joined, ways))
            joined = self._fewest(way for way in both if not _contradictory(way))
        return joined

    def _single(self, node: Node, *, value: bool | None) -> list[Way]:
        if isinstance(node, Always | Never):
            return _ANYHOW if value in (None, isinstance(node, Always)) else []
        if self._fixed(node):
            now = self._now(node)
            return _ANYHOW if now is not None and value in (None, now) else []
        return _ANYHOW if value is None else [frozenset({(node, value)})]

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
