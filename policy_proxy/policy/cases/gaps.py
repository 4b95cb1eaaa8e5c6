"""Who would show what no case has shown; or that nobody can.

It is decided by the solver of the comparison of policies, over all callers and targets. Whoever is
found has been tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policy_proxy.model import Identity, Target
from policy_proxy.policy.cases.coverage import Outcome
from policy_proxy.policy.cases.guesses import guesses
from policy_proxy.policy.cases.reach import Reach
from policy_proxy.policy.cases.watched import watched
from policy_proxy.policy.diff.atoms import ANY_TARGET, Literals, TargetFacts, TooLarge
from policy_proxy.policy.diff.cubes import models
from policy_proxy.policy.diff.diagrams import Budget, Function
from policy_proxy.policy.diff.realise import realised
from policy_proxy.policy.snapshot import PolicySnapshot

TRIES = 16
"""Callers tried for one outcome of one operation."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody who asks for an operation, and what it would show.

    :param target: what a request has to say of it; what is the caller's own is left out.
    :param allowed: what the policy says now.
    """

    rule: str
    identity: Identity
    target: Target
    allowed: bool
    shows: tuple[Outcome, ...]


class Gaps:
    """
    :param operations: the rules that are asked for.
    :param facts: what is known of their targets.
    """

    def __init__(
        self,
        snapshot: PolicySnapshot,
        operations: Iterable[str],
        facts: Mapping[str, TargetFacts],
    ) -> None:
        self._operations = list(dict.fromkeys(operations))
        self._snapshot = snapshot
        self._facts = facts
        self._budget = Budget()
        self._reaches: dict[str, Reach | None] = {}
        self._tried, self._seen = watched(snapshot)

    def impossible(self, missing: Iterable[Outcome]) -> Iterator[Outcome]:
        """Those that no caller and no target can bring about."""
        for outcome in missing:
            if self._never(outcome):
                yield outcome

    def proposals(self, missing: Iterable[Outcome]) -> Iterator[Proposal]:
        """Few that together show as much as can be found of what is missing."""
        left = dict.fromkeys(missing)
        for outcome in [*left]:
            if outcome in left:
                proposal = self._found(outcome, left)
                if proposal:
                    left = dict.fromkeys(one for one in left if one not in proposal.shows)
                    yield proposal

    def _never(self, outcome: Outcome) -> bool:
        for _, reach, wanted in self._ways(outcome):
            if reach is None or wanted != reach.space.diagrams.never:
                return False
        return True

    def _found(self, outcome: Outcome, missing: Iterable[Outcome]) -> Proposal | None:
        for rule, reach, wanted in self._ways(outcome):
            facts = self._facts.get(rule, ANY_TARGET)
            for model in self._models(rule, reach, wanted, outcome):
                proposal = self._shown(rule, *realised(model, facts), missing)
                if outcome in proposal.shows:
                    return proposal
        return None

    def _models(
        self, rule: str, reach: Reach | None, wanted: Function, outcome: Outcome
    ) -> Iterator[Literals]:
        """Who would show it; where the solver gives up, who might."""
        try:
            if reach is not None:
                yield from itertools.islice(models(reach.space, wanted), TRIES)
                return
        except TooLarge:
            pass
        yield from guesses(self._snapshot, rule, outcome, self._facts.get(rule, ANY_TARGET))

    def _shown(
        self, rule: str, identity: Identity, target: Target, missing: Iterable[Outcome]
    ) -> Proposal:
        for values in self._seen.values():
            values.clear()
        allowed = self._tried.authorize(rule, target, identity)
        shows = (
            outcome
            for outcome in missing
            if (
                outcome.value in self._seen[outcome.point]
                if outcome.point
                else (outcome.rule, outcome.value) == (rule, allowed)
            )
        )
        own = self._facts.get(rule, ANY_TARGET).own
        said = {name: value for name, value in target.items() if name not in own}
        return Proposal(rule, identity, said, allowed, tuple(shows))

    def _ways(self, outcome: Outcome) -> Iterator[tuple[str, Reach | None, Function]]:
        """For each operation that could show it, who would; None where it cannot be told."""
        for rule in self._operations if outcome.point else [outcome.rule]:
            reach = self._reach(rule)
            try:
                if reach is None:
                    yield rule, None, 0
                elif outcome.point is None or outcome.point in reach.checks:
                    yield rule, reach, _wanted(reach, outcome)
            except TooLarge:
                yield rule, None, 0

    def _reach(self, rule: str) -> Reach | None:
        if rule not in self._reaches:
            facts = self._facts.get(rule, ANY_TARGET)
            try:
                self._reaches[rule] = Reach(self._snapshot, rule, facts, self._budget)
            except (TooLarge, RecursionError):
                self._reaches[rule] = None
        return self._reaches[rule]


def _wanted(reach: Reach, outcome: Outcome) -> Function:
    """Who brings an outcome about."""
    made = reach.space.diagrams
    if outcome.point is None:
        reached, holds = made.always, reach.allowed
    else:
        reached, holds = reach.checks[outcome.point]
    value = holds if outcome.value else made.not_(holds)
    return made.all([reach.space.possible, reached, value])
