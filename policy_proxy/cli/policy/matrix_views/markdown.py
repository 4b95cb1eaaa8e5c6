"""A matrix as Markdown, for a pull request or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_proxy.cli.policy.matrix_views import labels
from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.policy.matrix.grid import Change, Entry

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def text(report: Report) -> str:
    """Tables as GitHub understands them."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    columns, notes = report.grid.columns, labels.Notes()
    names = (_escaped(policy.name) for policy in report.policies)
    yield f"**{' → '.join(names)}**"
    yield ""
    heads = [
        f"{_escaped(labels.roles(column))} ({labels.scopes(column.scopes)})" for column in columns
    ]
    yield _row(["Operation", *heads])
    yield _row(["---"] * (len(columns) + 1))
    for row in report.grid.rows:
        cells = (_cell(entry, notes) for entry in row.entries)
        yield _row([f"`{row.rule}`", *cells])
    for number, meaning in notes.lines():
        yield ""
        yield f"if {number}: {_escaped(meaning)}"
    for note in labels.footnotes(report):
        yield ""
        yield _escaped(note)


def _cell(entry: Entry, notes: labels.Notes) -> str:
    said = labels.entry(entry, notes.short)
    return said if entry.change is Change.NONE else f"**{said}** {labels.CHANGES[entry.change]}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(plain: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(plain.split()))
