"""`policy-proxy audit report`: what audit records say, counted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

import click

from policy_proxy.audit import logs
from policy_proxy.audit.logs import LogError
from policy_proxy.audit.reading import Kind, Unread, entry_of, event_of
from policy_proxy.audit.record import MARKS
from policy_proxy.audit.tally import Tally
from policy_proxy.cli.audit.report_output import Reported, show_json, show_text
from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.log_options import listed, progress
from policy_proxy.cli.policy_sources import format_option
from policy_proxy.policy.replay.noted import Noted

_AGO = re.compile("([0-9]{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_OF_ANOTHER_KIND = "has a field of another kind than a record has"


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """A time as a record has it: from ISO 8601, or from how long ago it is; empty for none.

    :raises click.BadParameter: if it is no time.
    """
    if value is None:
        return ""
    ago = _AGO.fullmatch(value)
    try:
        if ago:
            past = dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            moment = dt.datetime.now(dt.UTC) - past
        else:
            moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        why = f"{value!r} is no time: 2026-11-25T10:00, in UTC, or 90m, 12h, 7d"
        raise click.BadParameter(why, ctx, param) from None


@click.command(short_help="Count requests, denials, errors and what is missing.")
@click.argument("named", metavar="FILE|DIR|PATTERN...", nargs=-1, required=True)
@click.option(
    "--since",
    callback=_moment,
    metavar="TIME",
    help="From this time on, in UTC, or so long ago: 90m, 7d.",
)
@click.option(
    "--until", callback=_moment, metavar="TIME", help="Up to this time, which is left out."
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="How many of each kind are shown to people.",
)
@format_option
def report(named: Sequence[str], since: str, until: str, top: int, form: str) -> None:
    """Count what audit records say: outcomes by operation, who asked, the most frequent denials and
    errors, intents without an outcome, and records that were lost.

    FILE is a file, every file in a directory, or a quoted pattern; - for standard input. Plain,
    gzip, bzip2 or xz. Whether anything was changed since, only audit verify tells.

    Exit code 0; 1 if a log cannot be read, or none has an audit record; 2 for wrong usage.
    """
    tally, unread = Tally(since, until), {kind: Noted() for kind in Kind}
    try:
        files = sorted(logs.files(named), key=_first_time)
        with progress(logs.size(files)) as tick:
            for file, number, text, why in logs.lines(files, tick):
                found = Unread(Kind.BROKEN, why) if text is None else entry_of(text)
                if isinstance(found, Unread):
                    unread[found.kind].add(found.why, file, number)
                elif found is not None:
                    try:
                        tally.take(f"{file}:{number}", found)
                    except (KeyError, TypeError, ValueError):
                        unread[Kind.BROKEN].add(_OF_ANOTHER_KIND, file, number)
    except LogError as error:
        fail([str(error)])
    if not tally.requests and not tally.intents:
        fail([f"no audit record of that time in {listed(files)}"])
    (show_json if form == "json" else show_text)(Reported(files, tally, unread, top))


def _first_time(path: str) -> str:
    """Files are read in the order in which they were written, for an intent is before its end.

    :raises LogError: if the file cannot be read.
    """
    if path == logs.STDIN:
        return ""
    return next(_times(path), "")


def _times(path: str) -> Iterator[str]:
    for line in logs.lines([path]):
        found = None if line.text is None else entry_of(line.text)
        if found is not None and not isinstance(found, Unread) and event_of(found) not in MARKS:
            yield str(found["time"])
