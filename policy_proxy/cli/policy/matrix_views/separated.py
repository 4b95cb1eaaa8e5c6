"""A matrix as CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from policy_proxy.cli.policy.matrix_views import labels
from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.policy.matrix.grid import Cell, Change, Effect, Entry


def text(report: Report) -> str:
    """One line for each rule, in words that a spreadsheet takes for nothing but text."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = report.grid.columns
    heads = [f"{labels.scopes(column.scopes)}: {labels.roles(column)}" for column in columns]
    writer.writerow(["rule", "operations", *heads])
    for row in report.grid.rows:
        routes = "; ".join(report.listed(row.rule).operations)
        writer.writerow([row.rule, routes, *map(_entry, row.entries)])
    return file.getvalue()


def _entry(entry: Entry) -> str:
    said = labels.entry(entry, _cell, arrow="->")
    change = entry.change
    return said if change is Change.NONE else f"{labels.CHANGES[change]}: {said}"


def _cell(cell: Cell) -> str:
    if cell.effect is Effect.DEPENDS:
        return f"{cell.effect} ({labels.meaning(cell)})"
    return str(cell.effect)
