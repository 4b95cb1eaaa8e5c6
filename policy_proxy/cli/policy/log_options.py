"""How a policy command is told which logs to read, and how it reads them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from policy_proxy.audit import logs
from policy_proxy.audit.logs import LogError, Tick
from policy_proxy.audit.reading import Kind, Record, Unread, record_of
from policy_proxy.cli.output import fail
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.replay.noted import Noted

FILES = 5
"""Names of logs that are shown to people."""
Take = Callable[[str, int, Record], None]

log_option = click.option(
    "--log",
    "named",
    multiple=True,
    required=True,
    metavar="FILE|DIR|PATTERN",
    help="Audit records: a file, every file in a directory, or a quoted pattern such as "
    "'audit.jsonl*'; - for standard input. Plain, gzip, bzip2 or xz. May come again.",
)


def read_logs(named: Sequence[str], take: Take) -> tuple[list[str], dict[Kind, Noted]]:
    """Hand on every record in the logs. How far it is, is shown on stderr if that is a terminal.

    Ends the command with exit code 1 if there is no such log, or one cannot be opened.

    :param named: as `log_option` takes them.
    :param take: is given the file, the number of the line, and the record.
    :return: the files, and what gave no record.
    """
    unread = {kind: Noted() for kind in Kind}
    try:
        files = logs.files(named)
        with progress(logs.size(files)) as tick:
            for file, number, text, why in logs.lines(files, tick):
                found = Unread(Kind.BROKEN, why) if text is None else record_of(text)
                if isinstance(found, Unread):
                    unread[found.kind].add(found.why, file, number)
                elif found is not None:
                    take(file, number, found)
    except LogError as error:
        fail([str(error)])
    return files, unread


def bodies() -> dict[str, frozenset[str]]:
    """For the rule of each operation, in their order, the attributes that come from the body."""
    found: dict[str, frozenset[str]] = {}
    for one in SERVICE.operations:
        if one.rule:
            found[one.rule] = found.get(one.rule, frozenset()) | one.body_attributes
    return found


@contextmanager
def progress(total: int | None) -> Iterator[Tick]:
    """How far a log was read, on stderr if that is a terminal.

    :param total: bytes; None if that is not known.
    """
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Reading", total=total)

        def tick(more: int) -> None:
            progress.advance(task, more)

        yield tick


def listed(files: Sequence[str]) -> str:
    beyond = len(files) - FILES
    return ", ".join([*files[:FILES], *([f"and {beyond} more"] if beyond > 0 else [])])


def as_document(noted: Noted) -> list[dict[str, Any]]:
    return [
        {"why": why, "count": note.count, "places": note.places}
        for why, note in noted.notes.items()
    ]


def unsure(undecided: Noted, unread: Mapping[Kind, Noted]) -> bool:
    """Whether something in the logs may have been a request that nobody could decide."""
    return bool(undecided.count or unread[Kind.BROKEN].count or unread[Kind.VERSION].count)


def doubts(undecided: Noted, unread: Mapping[Kind, Noted]) -> Iterator[str]:
    """A line for each reason why something was not decided."""
    yield from told("undecided", undecided)
    for kind, noted in unread.items():
        yield from told(str(kind), noted)


def told(kind: str, noted: Noted) -> Iterator[str]:
    """A line for each reason."""
    for why, note in noted.notes.items():
        more = ", …" if note.count > len(note.places) else ""
        yield f"{kind}  {note.count}  {why}: {', '.join(note.places)}{more}"
