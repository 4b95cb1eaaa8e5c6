"""How counted audit records are shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.audit.reading import Kind
from policy_proxy.audit.tally import Tally
from policy_proxy.cli.policy.log_options import as_document, listed, told
from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.policy.replay.noted import Noted

_OUTCOMES = ("allowed", "denied", "rejected", "error")
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Reported:
    """
    :param top: how many of each kind are shown to people.
    """

    files: Sequence[str]
    tally: Tally
    unread: Mapping[Kind, Noted]
    top: int


def show_json(found: Reported) -> None:
    tally = found.tally
    answer = {
        "files": list(found.files),
        "from": tally.first,
        "to": tally.last,
        "requests": tally.requests,
        "outcomes": dict(tally.outcomes.most_common()),
        "operations": {name: dict(counts) for name, counts in sorted(tally.operations.items())},
        "users": dict(tally.users.most_common()),
        "projects": dict(tally.projects.most_common()),
        "denials": [{**one._asdict(), "count": n} for one, n in tally.denials.most_common()],
        "errors": [{**one._asdict(), "count": n} for one, n in tally.failures.most_common()],
        "intents": tally.intents,
        "intents_without_outcome": tally.open_intents,
        "lost": tally.lost,
        "gaps": tally.gaps,
        "unread": {str(kind): as_document(noted) for kind, noted in found.unread.items()},
    }
    click.echo(json.dumps(answer, indent=2))


def show_text(found: Reported) -> None:
    console, tally = Console(highlight=False), found.tally
    console.print(Text(printable(f"log   {listed(found.files)}")), soft_wrap=True)
    if tally.first:
        console.print(Text(printable(f"from  {tally.first} to {tally.last}")), soft_wrap=True)
    _show(console, "Operations", _operations(tally, found.top), len(tally.operations), found.top)
    for title, counted in (("Users", tally.users), ("Projects", tally.projects)):
        _show(console, title, _counts(counted, found.top), len(counted), found.top)
    denials = Counter(
        {f"{_or(o)}  {_or(u)}@{_or(p)}": count for (o, u, p), count in tally.denials.items()}
    )
    _show(console, "Denials", _counts(denials, found.top), len(denials), found.top)
    errors = Counter({f"{_or(o)}  {status}": n for (o, status), n in tally.failures.items()})
    _show(console, "Errors", _counts(errors, found.top), len(errors), found.top)
    _show_doubts(console, found)
    counts = {
        "requests": tally.requests,
        **{name: tally.outcomes[name] for name in _OUTCOMES},
        "intents without outcome": len(tally.open_intents),
        "lost": tally.lost,
        "gaps": tally.gaps,
    }
    console.print()
    summary = ", ".join(f"{name}: {count}" for name, count in counts.items())
    console.print(Text(summary), soft_wrap=True)


def _operations(tally: Tally, top: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for _ in _OUTCOMES:
        table.add_column(justify="right")
    table.add_row(*_OUTCOMES)
    most = sorted(tally.operations.items(), key=lambda each: (-each[1].total(), each[0]))
    for name, counts in most[:top]:
        shown = (str(counts[outcome] or "") for outcome in _OUTCOMES)
        table.add_row(*shown, Text(printable(_or(name)), overflow="fold"))
    return table


def _counts(counted: Counter[str], top: int) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, count in counted.most_common(top):
        table.add_row(Text(str(count)), Text(printable(_or(name)), overflow="fold"))
    return table


def _show(console: Console, title: str, table: Table, count: int, top: int) -> None:
    if count:
        console.print()
        console.print(Text(title, "bold"))
        print_stripped(console, table)
    if count > top:
        console.print(f"and {count - top} more: --top, or --format json")


def _show_doubts(console: Console, found: Reported) -> None:
    """What is missing or cannot be read, with an empty line before it."""
    shown = list(found.tally.open_intents.items())[: found.top]
    doubts = [f"no outcome  {request_id}: {place}" for request_id, place in shown]
    doubts += [line for kind, noted in found.unread.items() for line in told(str(kind), noted)]
    if doubts:
        console.print()
    for doubt in doubts:
        print_stripped(console, Text(printable(doubt), "yellow"))


def _or(name: Any) -> str:
    return str(name) or _NONE
