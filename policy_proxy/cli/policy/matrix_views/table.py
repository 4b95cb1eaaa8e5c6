"""A matrix in a terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.policy.matrix_views import labels
from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.cli.terminal import print_stripped
from policy_proxy.placement.operations import NAMESPACE
from policy_proxy.policy.matrix.grid import Change, Effect, Entry

_WIDEST = 10_000
_STYLES = {Effect.ALLOWED: "green", Effect.DENIED: "dim", Effect.DEPENDS: "yellow"}


def show(report: Report, file: TextIO | None) -> None:
    """Print it; wider than the terminal, if the roles are many.

    :param file: None for the terminal.
    """
    console = Console(highlight=False, file=file)
    names = " to ".join(policy.name for policy in report.policies)
    print_stripped(console, Text(f"From {names}" if report.compares else names))
    console.print()
    notes = labels.Notes()
    table = _table(report, notes)
    options = console.options.update(max_width=_WIDEST)
    width = max(console.width, Measurement.get(console, options, table).maximum)
    print_stripped(Console(highlight=False, file=file, width=width), table)
    legend = Table.grid(padding=(0, 2))
    for number, text in notes.lines():
        legend.add_row(Text(f"if {number}"), Text(text))
    parts: list[Table | Text] = [*([legend] if legend.row_count else [])]
    for part in [*parts, *map(Text, labels.footnotes(report))]:
        console.print()
        print_stripped(console, part)


def _table(report: Report, notes: labels.Notes) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(Text("token for", "dim"), no_wrap=True)
    before = None
    for column in report.grid.columns:
        scope = labels.scopes(column.scopes) if column.scopes != before else ""
        before = column.scopes
        table.add_column(Text(scope, "dim"), no_wrap=True)
    heads = (Text(labels.roles(column), "bold") for column in report.grid.columns)
    table.add_row(Text("role", "dim"), *heads)
    for row in report.grid.rows:
        cells = (_cell(entry, notes) for entry in row.entries)
        table.add_row(Text(row.rule.removeprefix(NAMESPACE)), *cells)
    return table


def _cell(entry: Entry, notes: labels.Notes) -> Text:
    style = _STYLES.get(entry.cells[-1].effect, "red")
    if entry.change is Change.NONE:
        return Text(labels.entry(entry, notes.short), style)
    mark = {Change.GAINED: "+", Change.LOST: "-", Change.BOTH: "±"}.get(entry.change, "?")
    return Text(f"{mark} {labels.entry(entry, notes.short)}", f"bold {style}")
