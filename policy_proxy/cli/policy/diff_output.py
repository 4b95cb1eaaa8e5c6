"""How a comparison of two policies is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.terminal import print_stripped
from policy_proxy.model import Identity
from policy_proxy.policy.diff.atoms import InAdminProject
from policy_proxy.policy.diff.change import Change, Kind

_STYLES = {"gained": "green", "lost": "red", "undecided": "yellow"}


def show_json(old: str, new: str, changes: Sequence[Change]) -> None:
    operations = [
        {
            "rule": change.rule,
            "unchanged": change.unchanged,
            "gained": list(map(_kind, change.gained)),
            "lost": list(map(_kind, change.lost)),
            "undecided": list(map(asdict, change.undecided)),
            "remark": change.remark,
        }
        for change in changes
    ]
    answer = {"old": old, "new": new, "summary": counts(changes), "operations": operations}
    click.echo(json.dumps(answer, indent=2))


def show_text(old: str, new: str, changes: Sequence[Change]) -> None:
    console = Console(highlight=False)
    print_stripped(console, Text(f"From {old} to {new}"))
    for change in changes:
        if not change.unchanged or change.remark:
            console.print()
            console.print(Text(change.rule, "bold"))
            print_stripped(console, _table(change))
    console.print()
    summary = counts(changes)
    console.print(Text(", ".join(f"{name}: {count}" for name, count in summary.items())))


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many operations of each kind; one where some gain and others lose counts for both."""
    found = dict.fromkeys(("gained", "lost", "undecided", "unchanged"), 0)
    for change in changes:
        for name in found:
            found[name] += bool(getattr(change, name))
    return found


def _table(change: Change) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, kinds in (("gained", change.gained), ("lost", change.lost)):
        for kind in kinds:
            table.add_row(Text(f"  {name}", _STYLES[name]), Text(kind.who))
            table.add_row("", Text("\n".join(_example(kind)), "dim"))
    for doubt in change.undecided:
        table.add_row(Text("  undecided", _STYLES["undecided"]), Text(doubt.text))
    if change.remark:
        table.add_row(Text("  unchanged"), Text(change.remark))
    return table


def _example(kind: Kind) -> Iterator[str]:
    who = _who(kind.identity)
    if InAdminProject() not in kind.cube:
        del who["is_admin_project"]
    yield f"such as {_pairs(who)}"
    if kind.target:
        yield f"on a target with {_pairs(dict(kind.target))}"


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {' and '.join(value) if isinstance(value, list) else value}"
        for name, value in values.items()
    )


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "who": kind.who,
        "example": {"identity": _who(kind.identity), "target": dict(kind.target)},
    }


def _who(identity: Identity) -> dict[str, Any]:
    """What the identity has."""
    values = ((field.name, getattr(identity, field.name)) for field in fields(identity))
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values
        if value or value is False
    }
