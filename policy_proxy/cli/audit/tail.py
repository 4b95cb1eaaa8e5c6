"""`policy-proxy audit tail`: the last audit records, and those that come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from policy_proxy.audit.follow import Followed, last_lines
from policy_proxy.audit.reading import Record, Unread, entry_of, event_of
from policy_proxy.audit.record import INTENT_EVENT, REQUEST_EVENT
from policy_proxy.cli.output import fail
from policy_proxy.cli.terminal import printable

OUTCOMES = ("allowed", "denied", "rejected", "error", INTENT_EVENT)
_STYLES = {"allowed": "green", "denied": "red", "rejected": "yellow", "error": "bold red"}
_KNOWN = 19
"""Characters of a time down to the second."""


@click.command(short_help="Show the last audit records, and those that come.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=10, show_default=True, help="How many."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--outcome", multiple=True, type=click.Choice(OUTCOMES), help="Only these. May come again."
)
@click.option("--user", help="Only those of this user, by id.")
@click.option("--operation", help="Only those of this rule, or pattern such as '*:traits:*'.")
@click.option("--request-id", help="Only those with this id.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["line", "json"]),
    default="line",
    show_default=True,
    help="For people, or the lines as they are.",
)
def tail(
    file: str,
    lines: int,
    outcome: Sequence[str],
    user: str | None,
    operation: str | None,
    request_id: str | None,
    form: str,
    *,
    follow: bool,
) -> None:
    """Show the last audit records of FILE, a line each, and with --follow those that come.

    The file may be renamed or emptied in the meantime, as logrotate and [audit] max_bytes do. What
    the options name is looked for among the last --lines, and in all that follows.

    Exit code 0; 1 if the file cannot be read.
    """
    wanted = _wanted(outcome, user, operation, request_id)
    console = Console(highlight=False)
    try:
        last, position = last_lines(file, lines)
        for line in last:
            _show(console, line, wanted, form)
        if follow:
            with suppress(KeyboardInterrupt), closing(Followed(file, position, _always)) as more:
                for line in more.lines():
                    _show(console, line, wanted, form)
    except OSError as error:
        fail([f"{file}: cannot be read ({error.strerror})"])


def _always() -> bool:
    return True


def _wanted(
    outcomes: Sequence[str], user: str | None, operation: str | None, request_id: str | None
) -> Callable[[Record], bool]:
    def wanted(entry: Record) -> bool:
        event = event_of(entry)
        outcome = entry.get("outcome") if event == REQUEST_EVENT else event
        return (
            (not outcomes or outcome in outcomes)
            and (user is None or entry.get("user_id") == user)
            and (request_id is None or entry.get("request_id") == request_id)
            and (operation is None or fnmatchcase(str(entry.get("operation", "")), operation))
        )

    return wanted


def _show(console: Console, line: bytes, wanted: Callable[[Record], bool], form: str) -> None:
    entry = entry_of(line)
    if entry is None:
        return
    if isinstance(entry, Unread):
        click.echo(f"a line of the log {entry.why}", err=True)
    elif wanted(entry):
        if form == "json":
            click.echo(line.decode("ascii", "backslashreplace"))
        else:
            console.print(_told(entry), soft_wrap=True)


def _told(entry: Mapping[str, Any]) -> Text:
    event = event_of(entry)
    time = f"{str(entry['time'])[:_KNOWN]}Z"
    if event not in (REQUEST_EVENT, INTENT_EVENT):
        return Text(printable(f"{time} {_mark(event, entry)}"), "dim")
    ended = event == REQUEST_EVENT
    outcome = str(entry["outcome"]) if ended else INTENT_EVENT
    status = str(entry["status"]) if ended else "..."
    who = f"{entry['user_id'] or '-'}@{entry['project_id'] or '-'}"
    what = f"{entry['method']} {entry['path']} {entry['operation'] or '-'}"
    took = f" {float(entry['duration_ms']):.0f}ms" if ended else ""
    return Text.assemble(
        printable(f"{time} "),
        (printable(f"{outcome:<8}"), _STYLES.get(outcome, "cyan")),
        printable(f" {status} {what} {who} {entry['request_id']}{took}"),
    )


def _mark(event: str, entry: Mapping[str, Any]) -> str:
    if event == "lost":
        return f"{entry.get('lost', '?')} records of worker {entry.get('worker', '?')} were lost"
    words = {"begin": "begins", "resume": "goes on here", "end": "ends"}[event]
    return f"chain {entry.get('chain', '?')} {words}"
