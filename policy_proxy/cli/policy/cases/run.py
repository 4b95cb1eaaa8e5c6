"""Cases are run: each is asked as the service would ask it, of the policy that it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from policy_proxy.cli.policy.answer import Answer, answered
from policy_proxy.cli.policy.question import Question, by_route, by_rule
from policy_proxy.model import Effect, Target
from policy_proxy.policy.cases.case import BadCases, Case, Fault
from policy_proxy.policy.cases.deciding import SCOPE, deciding
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.explain import explain
from policy_proxy.policy.nodes import Asked, Reference
from policy_proxy.policy.remote import not_asked
from policy_proxy.policy.snapshot import PolicySnapshot, scope_of


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of a case.

    :param failure: in which way it is not as expected; empty if it is.
    """

    case: Case
    question: Question
    target: Target
    allowed: bool
    failure: str

    def explained(self, snapshot: PolicySnapshot) -> Answer:
        question, snapshot = self.question, _answering(snapshot, self.case)
        return answered(snapshot, question, self.case.identity, self.target, question.own())


class Runner:
    """Runs cases about one policy.

    :param snapshot: the policy.
    :param watched: the same, or what watches it: it decides.
    """

    def __init__(self, snapshot: PolicySnapshot, watched: PolicySnapshot | None = None) -> None:
        self._snapshot = snapshot
        self._watched = watched or snapshot
        self._questions: dict[tuple[str, str], Question] = {}

    def results(self, cases: Iterable[Case]) -> Iterator[Result]:
        """
        :raises BadCases: with all cases that ask for what policy is never asked.
        """
        faults = []
        for case in cases:
            try:
                yield self.result(case)
            except BadCases as bad:
                faults += bad.faults
        if faults:
            raise BadCases(faults)

    def result(self, case: Case) -> Result:
        """
        :raises BadCases: if the case asks for what policy is never asked.
        """
        try:
            question = self._question(case)
            target = question.target(case.identity, case.target)
        except click.UsageError as error:
            raise _bad(case, error.message) from None  # which says what to do
        watched = _answering(self._watched, case)
        allowed = watched.authorize(question.rule, target, case.identity)
        failure = ""
        if allowed is not (case.expect is Effect.ALLOW):
            failure = f"{_EXPECTED[case.expect]} is expected, but the policy {_SAID[allowed]}"
        elif case.decided_by:
            failure = self._decided_otherwise(case, question, target)
        return Result(case, question, target, allowed, failure)

    def _question(self, case: Case) -> Question:
        """
        :raises click.UsageError: as the ways to ask do.
        """
        key = (case.asked, "" if case.body is None else json.dumps(case.body, sort_keys=True))
        if key not in self._questions:
            self._questions[key] = self._asked(case)
        return self._questions[key]

    def _asked(self, case: Case) -> Question:
        method, blank, path = case.asked.partition(" ")
        if blank:
            question = by_route(method, path.strip(), case.body)
        elif case.body is None:
            question = by_rule(method, self._snapshot.rules)
        else:
            raise _bad(case, "a body comes with an operation", "write the request instead")
        if question.request is None:
            remedy = "ask for an operation whose rule refers to it"
            raise _bad(case, f"{question.rule} decides no operation", remedy)
        if not question.rule:
            remedy = "leave the case out"
            raise _bad(case, f"{question.route} is open to everyone: no rule decides it", remedy)
        return question

    def _decided_otherwise(self, case: Case, question: Question, target: Target) -> str:
        """Why it was not the check that must decide; empty if it was."""
        wanted = self._snapshot.scopes.get(question.rule)
        if wanted and scope_of(case.identity) not in wanted:
            found = frozenset({SCOPE})
        else:
            rule = Reference(question.rule, self._snapshot.rules)
            asked = Asked(question.rule, _answering(self._snapshot, case).ask)
            found = deciding(explain(rule, credentials(case.identity), target, {}, asked))
        if case.decided_by in found:
            return ""
        others = ", ".join(sorted(found - {f"rule:{question.rule}"}))
        return f"{case.decided_by} is expected to decide, but what decides is {others}"


_EXPECTED = {Effect.ALLOW: "allow", Effect.DENY: "deny"}
_SAID = {True: "allows", False: "denies"}


def _answering(snapshot: PolicySnapshot, case: Case) -> PolicySnapshot:
    """The policy, asking nobody but taking the answers of the case for what a server says."""
    if not case.answers:
        return replace(snapshot, ask=not_asked) if snapshot.ask is not not_asked else snapshot

    def ask(url: str, payload: Mapping[str, Any]) -> bool:
        return case.answers[url] if url in case.answers else not_asked(url, payload)

    return replace(snapshot, ask=ask)


def _bad(case: Case, text: str, remedy: str = "") -> BadCases:
    return BadCases([Fault(case.file, case.line, text, remedy)])
