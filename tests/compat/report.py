"""What a run found, as the tables of docs/compatibility.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from compat.compare import Outcome
from compat.services import Dumped
from compat.standins import STAND_INS
from policy_proxy.policy.lint.codes import CODES

Found = list[tuple[Dumped, Outcome]]
_HEAD = ("service", "version", "rules", "decisions", "allowed", "different", "by absence", "lint")


def report(found: Found, failed: Iterable[str]) -> str:
    """
    :param failed: distributions that could not be installed.
    """
    good = [(one, outcome) for one, outcome in found if not one.error]
    sections = [
        _table(_HEAD, [*map(_row, *zip(*good, strict=True)), _total(good)]),
        _table(("code", "finding", "times"), _findings(outcome for _, outcome in good)),
        "\n".join(_remarks(found, failed)),
    ]
    return "\n\n".join(filter(None, sections))


def _row(one: Dumped, outcome: Outcome) -> tuple[object, ...]:
    name = f"{one.service} \\*" if one.service in STAND_INS else one.service
    return (name, one.version, len(one.rules), *_numbers(outcome))


def _numbers(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.decisions,
        outcome.allowed,
        outcome.fault or len(outcome.differences),
        outcome.absence,
        outcome.findings.total(),
    )


def _total(found: Found) -> tuple[object, ...]:
    whole = Outcome()
    for _, outcome in found:
        whole.decisions += outcome.decisions
        whole.allowed += outcome.allowed
        whole.absence += outcome.absence
        whole.differences += outcome.differences
        whole.findings += outcome.findings
    rules = sum(len(one.rules) for one, _ in found)
    return (f"{len(found)} services", "", rules, *_numbers(whole))


def _findings(outcomes: Iterable[Outcome]) -> Iterator[tuple[object, ...]]:
    total = sum((outcome.findings for outcome in outcomes), Counter[str]())
    for code, count in sorted(total.items()):
        yield code, CODES[code].title, count


def _remarks(found: Found, failed: Iterable[str]) -> Iterator[str]:
    for one, _ in found:
        if one.error:
            yield f"- {one.service} ({one.distribution} {one.version}) has no rules: `{one.error}`"
    for name in failed:
        yield f"- {name} could not be installed"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    numbers = ["---:" if at > 1 else "---" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in [head, numbers, *rows])


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
