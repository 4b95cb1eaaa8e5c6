"""A matrix as one page for a browser, which needs no network and allows none.

The table is plain HTML. The script filters it, and opens the explanation of a cell, which lies in
the page as JSON.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment

from policy_proxy.cli.policy import browser_pages
from policy_proxy.cli.policy.matrix_views import labels
from policy_proxy.cli.policy.matrix_views.explanations import Explanations
from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.placement.operations import NAMESPACE
from policy_proxy.policy.matrix.grid import Change, Column, Effect, Entry, Row


@dataclass(frozen=True, slots=True)
class _Shown:
    """A cell: what is seen of it, and where its explanation is."""

    entry: Entry
    place: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A row."""

    rule: str
    short: str
    description: str
    routes: tuple[tuple[str, str], ...]
    cells: tuple[_Shown, ...]


def text(report: Report) -> str:
    """The whole page."""
    style, script = (_read(f"page.{kind}") for kind in ("css", "js"))
    explanations = Explanations(report)
    columns = report.grid.columns
    return (
        _environment()
        .get_template("page.html")
        .render(
            style=style,
            script=script,
            security=_security(style, script),
            report=report,
            title=" → ".join(policy.name for policy in report.policies),
            columns=columns,
            scopes=[(scope, len(list(group))) for scope, group in groupby(columns, _scope)],
            groups=_groups(report, explanations),
            roles=list(dict.fromkeys(map(labels.roles, columns))),
            effects=_effects(report),
            changes=labels.CHANGES,
            notes=list(labels.footnotes(report)),
            data=explanations.data(),
        )
    )


def _environment() -> Environment:
    environment = browser_pages.environment(__package__)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # in our order
    environment.globals |= {"role_of": labels.roles, "meaning": labels.meaning, "same": Change.NONE}
    return environment


def _read(name: str) -> str:
    return (files(__package__) / browser_pages.FOLDER / name).read_text(encoding="utf-8")


def _security(style: str, script: str) -> str:
    """What the browser lets the page do: run this script, use this style, and nothing else.

    https://www.w3.org/TR/CSP3/
    """
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(part: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}"


def _scope(column: Column) -> str:
    return labels.scopes(column.scopes)


def _groups(report: Report, explanations: Explanations) -> dict[str, list[_Line]]:
    """The rows by what they are about, under a title such as `Resource providers, inventories`."""
    groups: dict[str, list[_Line]] = {}
    for row in report.grid.rows:
        short = row.rule.removeprefix(NAMESPACE)
        about = short.rpartition(":")[0] or short
        title = about.replace("_", " ").replace(":", ", ").capitalize()
        groups.setdefault(title, []).append(_line(report, row, short, explanations))
    return groups


def _line(report: Report, row: Row, short: str, explanations: Explanations) -> _Line:
    listed = report.listed(row.rule)
    routes = tuple((method, path) for method, _, path in _routes(listed.operations))
    cells = (_Shown(entry, explanations.place(row.rule, entry)) for entry in row.entries)
    return _Line(row.rule, short, listed.description, routes, tuple(cells))


def _routes(operations: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for operation in operations:
        yield operation.partition(" ")


def _effects(report: Report) -> list[Effect]:
    """Those that occur."""
    found = {
        cell.effect for row in report.grid.rows for entry in row.entries for cell in entry.cells
    }
    return [effect for effect in Effect if effect in found]
