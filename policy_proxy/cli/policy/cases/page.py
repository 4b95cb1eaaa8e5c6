"""The report as one HTML page that loads nothing: results and coverage, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy_proxy.cli.policy import browser_pages
from policy_proxy.cli.policy.cases.coverage_output import Names, summary
from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.cli.policy.cases.output import explanation
from policy_proxy.policy.cases.coverage import Coverage, Outcome, points
from policy_proxy.policy.cases.watched import Point

_SHOWN = {"seen": "✓ seen", "missing": "✗ never", "impossible": "cannot be"}

States = Mapping[Outcome, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A check, or the decision, with what is known of it.

    :param yes: one of `_SHOWN`: of that it was true, or allowed; `no` of the opposite.
    :param depth: how many checks it stands within.
    """

    label: str
    yes: str
    no: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    origin: str
    lines: tuple[_Line, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is told of one policy.

    :param summary: of the coverage; empty if it was not measured, as are the others then.
    """

    ran: Ran
    passed: int
    summary: str = ""
    operations: tuple[_Line, ...] = ()
    rules: tuple[_Rule, ...] = ()


def page(every: Sequence[Ran]) -> str:
    """
    :param every: with their coverage, or without.
    """
    template = browser_pages.environment(__package__).get_template("page.html")
    return template.render(parts=map(_part, every), shown=_SHOWN, explanation=explanation)


def _part(ran: Ran) -> _Part:
    passed = len(ran.results) - len(ran.failed)
    if ran.covered is None:
        return _Part(ran, passed)
    states, order = _states(ran.covered), list(ran.suite.snapshot.rules).index
    asked = sorted({one.rule for one in states if one.point is None}, key=order)
    checked = sorted({one.rule for one in states if one.point is not None}, key=order)
    return _Part(
        ran,
        passed,
        summary(ran.covered),
        tuple(_line(rule, states, rule, None) for rule in asked),
        tuple(_rules(ran, states, checked)),
    )


def _rules(ran: Ran, states: States, checked: Sequence[str]) -> Iterator[_Rule]:
    names = Names(ran.suite.snapshot)
    for rule in checked:
        lines = (
            _line(names.check(Outcome(rule, point, value=True)), states, rule, point)
            for point, _ in points(ran.suite.snapshot, rule)
        )
        yield _Rule(rule, names.origin(rule), tuple(lines))


def _line(label: str, states: States, rule: str, point: Point | None) -> _Line:
    yes, no = (states[Outcome(rule, point, value)] for value in (True, False))
    return _Line(label, yes, no, len(point.path) + 1 if point else 0)


def _states(covered: Coverage) -> dict[Outcome, str]:
    return {
        **dict.fromkeys(covered.seen, "seen"),
        **dict.fromkeys(covered.missing, "missing"),
        **dict.fromkeys(covered.impossible, "impossible"),
    }
