"""The cases about one policy, run and measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policy_proxy.cli.policy.cases.files import Suite
from policy_proxy.cli.policy.cases.run import Result, Runner
from policy_proxy.cli.policy.own import own
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.cases.coverage import Coverage, coverage
from policy_proxy.policy.cases.gaps import Gaps, Proposal
from policy_proxy.policy.cases.watched import watched
from policy_proxy.policy.diff.atoms import TargetFacts


@dataclass(frozen=True, slots=True)
class Ran:
    """
    :param covered: None if it was not asked for; `proposals` likewise.
    """

    suite: Suite
    results: tuple[Result, ...]
    covered: Coverage | None = None
    proposals: tuple[Proposal, ...] | None = None

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.failure]


def ran(suite: Suite, *, measure: bool, propose: bool) -> Ran:
    """
    :param measure: whether to tell the coverage.
    :param propose: whether to look for callers who would show what is missing.
    :raises BadCases: if a case asks for what policy is never asked.
    """
    snapshot, seen = watched(suite.snapshot)
    results = tuple(Runner(suite.snapshot, snapshot).results(suite.cases))
    if not measure:
        return Ran(suite, results)
    operations = list(_operations())
    gaps = Gaps(suite.snapshot, operations, _facts())
    decided = _decided(results)
    covered = coverage(suite.snapshot, operations, decided, seen, gaps.impossible)
    proposals = tuple(gaps.proposals(covered.missing)) if propose else None
    return Ran(suite, results, covered, proposals)


def _operations() -> Iterator[str]:
    yield from dict.fromkeys(one.rule for one in SERVICE.operations if one.rule)


def _facts() -> dict[str, TargetFacts]:
    callers = own()
    return {rule: TargetFacts(SERVICE.attributes[rule], callers[rule]) for rule in callers}


def _decided(results: Iterable[Result]) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    for result in results:
        found.setdefault(result.question.rule, set()).add(result.allowed)
    return found
