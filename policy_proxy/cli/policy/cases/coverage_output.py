"""How coverage is told: what is missing, rule by rule, and cases that would show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.cli.terminal import from_here, print_stripped
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.cases.coverage import Coverage, Outcome, points
from policy_proxy.policy.cases.gaps import Proposal
from policy_proxy.policy.cases.watched import Point
from policy_proxy.policy.cases.who import words
from policy_proxy.policy.explain import DEFAULT
from policy_proxy.policy.listing import check_string, origins_of
from policy_proxy.policy.snapshot import PolicySnapshot

_NEVER = {True: "never true", False: "never false"}
_NEVER_DECIDED = {True: "never allowed", False: "never denied"}
_WIDE = 10**6
_BOTH = 2


class Names:
    """What outcomes are called under one policy."""

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self._snapshot = snapshot
        self._origins = origins_of(snapshot, SERVICE.defaults())
        self._checks: dict[Point, str] = {}

    def check(self, outcome: Outcome) -> str:
        """The check as it is written; empty for the decision itself."""
        if outcome.point is None:
            return ""
        if outcome.point not in self._checks:
            found = points(self._snapshot, outcome.rule)
            self._checks |= {point: check_string(node) for point, node in found}
        return self._checks[outcome.point]

    def never(self, *outcomes: Outcome) -> str:
        """Of one check, what it never was."""
        said = (_NEVER if outcomes[0].point else _NEVER_DECIDED)[outcomes[0].value]
        return said if len(outcomes) == 1 else "never looked at"

    def origin(self, rule: str) -> str:
        return from_here(self._origins.get(rule, DEFAULT))


def document_of(ran: Ran) -> dict[str, Any] | None:
    """The coverage as a JSON document."""
    covered, names = ran.covered, Names(ran.suite.snapshot)
    if covered is None:
        return None
    return {
        "percent": float(covered.percent()),
        "seen": len(covered.seen),
        "missing": [_outcome(names, outcome) for outcome in covered.missing],
        "impossible": [_outcome(names, outcome) for outcome in covered.impossible],
        "proposals": [
            {**_case(proposal), "shows": [_outcome(names, one) for one in proposal.shows]}
            for proposal in ran.proposals or ()
        ],
    }


def show_text(console: Console, ran: Ran) -> None:
    covered, names = ran.covered, Names(ran.suite.snapshot)
    if covered is None:
        return
    console.print()
    print_stripped(console, Text(f"Coverage of {ran.suite.policy}: {summary(covered)}", "bold"))
    unasked = without_cases(covered)
    if unasked:
        console.print()
        console.print("No case asks for")
        for rule in unasked:
            print_stripped(console, Text(f"  {rule}", "red"))
    left = [outcome for outcome in covered.missing if outcome.rule not in unasked]
    for rule, group in groupby(by_rule(left), attrgetter("rule")):
        console.print()
        print_stripped(console, Text(f"{rule}  [{names.origin(rule)}]"))
        rows = Table.grid(padding=(0, 2))
        for _, same in groupby(group, attrgetter("point")):
            outcomes = list(same)
            rows.add_row("", Text(names.never(*outcomes), "red"), Text(names.check(outcomes[0])))
        print_stripped(console, rows)


def without_cases(covered: Coverage) -> list[str]:
    """The operations that no case asks for: of what they alone say, nothing was looked at."""
    decisions = Counter(one.rule for one in covered.missing if one.point is None)
    impossible = Counter(one.rule for one in covered.impossible if one.point is None)
    return [rule for rule, count in decisions.items() if count + impossible[rule] == _BOTH]


def summary(covered: Coverage) -> str:
    every = len(covered.seen) + len(covered.missing)
    more = f"; {len(covered.impossible)} more cannot be" if covered.impossible else ""
    return f"{covered.percent()} % ({len(covered.seen)} of {every}{more})"


def by_rule(some: Iterable[Outcome]) -> list[Outcome]:
    """Those of each rule together, in the order in which the rules come first."""
    order: dict[str, int] = {}
    return sorted(some, key=lambda outcome: order.setdefault(outcome.rule, len(order)))


def pasted(ran: Ran) -> Iterator[str]:
    """Cases for what is missing, line by line, as they stand in a file of cases; if they were
    looked for.
    """
    if ran.covered is None or ran.proposals is None:
        return
    names = Names(ran.suite.snapshot)
    if ran.proposals:
        yield f"# Would show what no case about {ran.suite.policy} shows. What is expected"
        yield "# is what the policy says now: look whether you mean it."
        yield "cases:"
    for proposal in ran.proposals:
        for outcome in _told(proposal.shows):
            yield f"  # {outcome.rule}: {f'{names.never(outcome)} {names.check(outcome)}'.strip()}"
        for sign, (name, value) in zip("-" + " " * 9, _case(proposal).items(), strict=False):
            yield f"  {sign} {name}: {_flow(_escaped(value))}"
    shown = {outcome for proposal in ran.proposals for outcome in proposal.shows}
    for outcome in ran.covered.missing:
        if outcome not in shown:
            check = f"{names.never(outcome)} {names.check(outcome)}".strip()
            yield f"# {outcome.rule}: {check}: nobody was found who would show it"


def _told(shows: Collection[Outcome]) -> Iterator[Outcome]:
    """Without what a whole rule says, where that is the decision."""
    for outcome in shows:
        decision = Outcome(outcome.rule, None, outcome.value)
        if outcome.point != Point(outcome.rule) or decision not in shows:
            yield outcome


def _case(proposal: Proposal) -> dict[str, Any]:
    case = {
        "operation": proposal.rule,
        "identity": words(proposal.identity),
        "target": dict(proposal.target),
        "expect": "allow" if proposal.allowed else "deny",
    }
    return {name: value for name, value in case.items() if name != "target" or value}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {name: _escaped(one) for name, one in value.items()}
    return list(map(_escaped, value)) if isinstance(value, list) else value


def _flow(value: Any) -> str:
    written: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=_WIDE, allow_unicode=True
    )
    return written.removesuffix("\n").removesuffix("\n...")


def _outcome(names: Names, outcome: Outcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule,
        "origin": names.origin(outcome.rule),
        "check": names.check(outcome),
        "never": names.never(outcome).removeprefix("never "),
    }
