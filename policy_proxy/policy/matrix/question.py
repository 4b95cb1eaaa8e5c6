"""One rule, in one policy or in two, asked about kinds of caller: over all of them and all targets.

What is allowed always, or never, follows from the rule. What depends is shown by examples besides,
tried in our form and in oslo.policy itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from policy_proxy.policy.diff.atoms import (
    Atom,
    Constant,
    Literals,
    Member,
    Scoped,
    TargetFacts,
    TooLarge,
)
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.diff.cubes import cubes, models, needed
from policy_proxy.policy.diff.diagrams import Budget, Function
from policy_proxy.policy.diff.meaning import asks, leaves_reached
from policy_proxy.policy.diff.realise import Case, realised
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.diff.words import conditions
from policy_proxy.policy.matrix.grid import Cell, Change, Effect, Entry
from policy_proxy.policy.nodes import Foreign, HasRole, Never, Node
from policy_proxy.policy.values import Text

MAX_CONDITIONS = 12
"""Most conditions that are told apart in one cell."""

TRIES = 16
"""Callers tried for one kind before it is left without an example."""

Roles = frozenset[str]


class Said(NamedTuple):
    """A cell, and when it says yes: as it is read, which is more than it says where its kind of
    caller cannot be.
    """

    cell: Cell
    yes: Function


class Question:
    """
    :ivar space: of all that the rule mentions, and of every role that the policies do.
    :ivar levels: those of the roles.
    :ivar allowed: for each policy, whom it allows.
    :raises TooLarge: if the question cannot be decided; so do all methods.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        rule: str,
        facts: TargetFacts,
        roles: Sequence[str],
        budget: Budget,
    ) -> None:
        self._sides, self._rule, self._facts = sides, rule, facts
        nodes = [side.snapshot.rules.get(rule, Never()) for side in sides]
        self.space = Space([*nodes, *map(_has, roles)], facts, budget)
        self._members = {role: Member("role", Constant(role)) for role in roles}
        self.levels = {
            role: level
            for role, member in self._members.items()
            for level in self.space.answers({member: True})
        }
        self.allowed = [
            self._allowed(node, side.snapshot.scopes.get(rule))
            for node, side in zip(nodes, sides, strict=True)
        ]
        leaves = itertools.chain.from_iterable(map(leaves_reached, nodes))
        # No server is asked about callers who do not exist.
        self._remote = any(asks(leaf) for leaf in leaves if isinstance(leaf, Foreign))
        self._said: dict[tuple[int, str, Roles], Said] = {}

    def _allowed(self, node: Node, scopes: frozenset[str] | None) -> Function:
        made = self.space.diagrams
        if scopes is None:
            return made.never
        return made.all([self.space.function(node), self.space.scoped(scopes)])

    def kind(self, scope: str, roles: Roles) -> Function:
        """All possible callers who have this scope, and of the mentioned roles exactly these."""
        has: dict[Atom, bool] = {atom: role in roles for role, atom in self._members.items()}
        return self.space.diagrams.all([self.of_scope(scope), self.space.of(has)])

    def of_scope(self, scope: str) -> Function:
        """All possible callers who have this scope."""
        scoped: dict[Atom, bool] = {Scoped(one): one == scope for one in SCOPES}
        return self.space.diagrams.all([self.space.seen, self.space.of(scoped)])

    def said(self, policy: int, scope: str, roles: Roles) -> Said:
        """What a policy says to callers of a kind, before it is tried."""
        key = (policy, scope, roles)
        if key not in self._said:
            self._said[key] = self._decided(self.allowed[policy], self.kind(scope, roles))
        return self._said[key]

    def _decided(self, allowed: Function, kind: Function) -> Said:
        made = self.space.diagrams
        if made.all([kind, allowed]) == made.never:
            return Said(Cell(Effect.DENIED), made.never)
        if made.all([kind, made.not_(allowed)]) == made.never:
            return Said(Cell(Effect.ALLOWED), made.always)
        found = list(itertools.islice(cubes(self.space, allowed, kind), MAX_CONDITIONS + 1))
        if len(found) > MAX_CONDITIONS:
            return Said(_depends(found[:-1], "there are more conditions"), allowed)
        found = needed(self.space, found, allowed, kind)
        return Said(_depends(found), made.any(map(self.space.of, found)))

    def entry(self, scope: str, roles: Roles) -> Entry:
        """What the policies say to callers of a kind, tried as far as can be."""
        made, kind = self.space.diagrams, self.kind(scope, roles)
        cells, examples = [], []
        for number, allowed in enumerate(self.allowed):
            cell = self.said(number, scope, roles).cell
            yes, no = made.all([kind, allowed]), made.all([kind, made.not_(allowed)])
            tried = [
                self._example(part, roles, [(number, allows)])
                for part, allows in ((yes, True), (no, False))
                if part != made.never
            ]
            if None in tried and cell.effect is Effect.DEPENDS:
                cell = replace(cell, remark=cell.remark or self._untried())
            cells.append(cell)
            examples.append(tried)
        change, shown = Change.NONE, examples[-1]
        if len(cells) > 1:
            change, differing = self._change(kind, roles)
            shown = differing or shown
        return Entry(tuple(cells), change, tuple(case for case in shown if case))

    def _change(self, kind: Function, roles: Roles) -> tuple[Change, list[Case | None]]:
        """What the second policy changes, with somebody on whom it shows."""
        made, (old, new) = self.space.diagrams, self.allowed
        gain = made.all([kind, new, made.not_(old)])
        loss = made.all([kind, old, made.not_(new)])
        found: dict[Change, Case | None] = {
            change: self._example(part, roles, [(0, not gains), (1, gains)])
            for part, change, gains in ((gain, Change.GAINED, True), (loss, Change.LOST, False))
            if part != made.never
        }
        if None in found.values():
            return Change.PERHAPS, list(found.values())
        change = Change.BOTH if len(found) > 1 else next(iter(found), Change.NONE)
        return change, list(found.values())

    def _untried(self) -> str:
        return "a remote server decides" if self._remote else "no example was found"

    def _example(
        self, part: Function, roles: Roles, wanted: Sequence[tuple[int, bool]]
    ) -> Case | None:
        """Somebody of this part whom each of these policies allows, or denies, as is said."""
        for case in self._cases(part):
            mentioned = {role.lower() for role in case[0].roles} & self._members.keys()
            if mentioned == roles and all(
                verdict(self._rule, case[1], case[0]) is allows
                for number, allows in wanted
                for verdict in (self._sides[number].snapshot.authorize, self._sides[number].oracle)
            ):
                return case
        return None

    def _cases(self, part: Function) -> Iterator[Case]:
        if self._remote:
            return
        try:
            for model in itertools.islice(models(self.space, part), TRIES):
                yield realised(model, self._facts)
        except TooLarge:
            return


def _depends(found: Sequence[Literals], remark: str = "") -> Cell:
    told = sorted(found, key=lambda cube: (len(cube), conditions(cube)))
    return Cell(Effect.DEPENDS, tuple(map(conditions, told)), remark, tuple(told))


def _has(role: str) -> HasRole:
    return HasRole(Text(role.replace("%", "%%")))
