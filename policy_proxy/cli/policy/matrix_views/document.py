"""A matrix as a JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.model import Identity
from policy_proxy.policy.diff.realise import Case
from policy_proxy.policy.matrix.grid import Cell, Entry, Row


def text(report: Report) -> str:
    """All that is known, for programs; docs/matrix.md describes it."""
    grid = report.grid
    document = {
        "policies": [
            {"name": policy.name, "revision": policy.snapshot.revision}
            for policy in report.policies
        ],
        "columns": [asdict(column) for column in grid.columns],
        "complete": grid.complete,
        "shut": grid.shut,
        "open": report.unruled,
        "operations": [_row(report, row) for row in grid.rows],
    }
    return json.dumps(document, indent=2) + "\n"


def _row(report: Report, row: Row) -> dict[str, Any]:
    listed = report.listed(row.rule)
    return {
        "rule": row.rule,
        "description": listed.description,
        "operations": listed.operations,
        "checks": [policy.listed[row.rule].check for policy in report.policies],
        "cells": [_entry(entry, compares=report.compares) for entry in row.entries],
    }


def _entry(entry: Entry, *, compares: bool) -> dict[str, Any]:
    """Of one policy what it says; of two what each does."""
    examples = list(map(_example, entry.examples))
    if not compares:
        return {**_cell(entry.cells[0]), "examples": examples}
    return {
        "change": entry.change,
        "old": _cell(entry.cells[0]),
        "new": _cell(entry.cells[1]),
        "examples": examples,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {"effect": cell.effect, "conditions": cell.conditions, "remark": cell.remark}


def _example(case: Case) -> dict[str, Any]:
    identity, target = case
    return {"identity": who(identity), "target": target}


def who(identity: Identity) -> dict[str, Any]:
    """What an identity has."""
    values = {field.name: getattr(identity, field.name) for field in fields(identity)}
    return {name: value for name, value in values.items() if value or value is False}
