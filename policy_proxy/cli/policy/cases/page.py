"""The report as one HTML page that loads nothing: results and coverage, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from policy_proxy.cli.policy.cases.coverage_output import Names, summary
from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.cli.policy.cases.output import explanation
from policy_proxy.policy.cases.coverage import Coverage, Outcome, points
from policy_proxy.policy.cases.watched import Point
from policy_proxy.policy.snapshot import PolicySnapshot

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Policy tests</title>
<style>
:root { color-scheme: light dark; --good: #1a7f37; --bad: #c21a1a; --dim: #656d76; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --dim: #9198a1; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .15rem .75rem .15rem 0; vertical-align: top; }
tr + tr { border-top: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
thead th { position: sticky; top: 0; background: Canvas; }
tbody th { font-weight: normal; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { overflow-x: auto; }
body:has(#only:checked) :is(tbody, tbody tr:not(.rule)):not(:has(.missing)) { display: none; }
tbody:not(:first-of-type) .rule th { padding-top: .75rem; }
.seen { color: var(--good); }
.missing { color: var(--bad); font-weight: bold; }
.impossible, .origin { color: var(--dim); }
</style>
</head>
<body>
<h1>Policy tests</h1>
<p><label><input type="checkbox" id="only"> Only what is missing</label></p>
"""
_SHOWN = {"seen": "✓ seen", "missing": "✗ never", "impossible": "cannot be"}


def page(every: Sequence[Ran]) -> str:
    """
    :param every: with their coverage, or without.
    """
    return "\n".join([_HEAD, *(line for ran in every for line in _policy(ran)), "</body></html>\n"])


def _policy(ran: Ran) -> Iterator[str]:
    passed = len(ran.results) - len(ran.failed)
    yield f"<section><h2>{escape(ran.suite.policy)}</h2>"
    yield f"<p>Revision <code>{ran.suite.snapshot.revision}</code>. {passed} cases passed, "
    yield f"{len(ran.failed)} failed.</p>"
    for result in ran.failed:
        title = f"{result.case.place} {result.case.name}"
        yield f'<details open><summary class="missing">{escape(title)}</summary>'
        yield f"<p>{escape(result.failure)}</p>"
        yield f"<pre>{escape(explanation(ran.suite.snapshot, result))}</pre></details>"
    if ran.covered:
        yield f"<h3>Coverage</h3><p>{escape(summary(ran.covered))}</p>"
        yield from _coverage(ran.suite.snapshot, ran.covered)
    yield "</section>"


def _coverage(snapshot: PolicySnapshot, covered: Coverage) -> Iterator[str]:
    states = _states(covered)
    order = list(snapshot.rules).index
    yield from _table("Operations", "Rule", ("Allowed", "Denied"))
    yield "<tbody>"
    for rule in sorted({one.rule for one in states if one.point is None}, key=order):
        yield _row(f"<code>{escape(rule)}</code>", rule, None, states)
    yield "</tbody></table>"
    names = Names(snapshot)
    yield from _table("Checks", "Check", ("True", "False"))
    for rule in sorted({one.rule for one in states if one.point is not None}, key=order):
        origin = f'<span class="origin">{escape(names.origin(rule))}</span>'
        head = f'<th scope="rowgroup" colspan="3"><strong>{escape(rule)}</strong> {origin}</th>'
        yield f'<tbody><tr class="rule">{head}</tr>'
        for point, _ in points(snapshot, rule):
            check = escape(names.check(Outcome(rule, point, value=True)))
            depth = 1.5 * (len(point.path) + 1)
            label = f'<code style="padding-left: {depth}rem; display: block">{check}</code>'
            yield _row(label, rule, point, states)
        yield "</tbody>"
    yield "</table>"


def _table(caption: str, first: str, columns: Sequence[str]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{name}</th>' for name in (first, *columns))
    yield f"<h4>{caption}</h4><table><thead><tr>{heads}</tr></thead>"


def _row(label: str, rule: str, point: Point | None, states: Mapping[Outcome, str]) -> str:
    cells = ""
    for value in (True, False):
        state = states[Outcome(rule, point, value)]
        cells += f'<td class="{state}">{_SHOWN[state]}</td>'
    return f'<tr><th scope="row">{label}</th>{cells}</tr>'


def _states(covered: Coverage) -> dict[Outcome, str]:
    return {
        **dict.fromkeys(covered.seen, "seen"),
        **dict.fromkeys(covered.missing, "missing"),
        **dict.fromkeys(covered.impossible, "impossible"),
    }
