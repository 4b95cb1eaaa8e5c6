"""`policy-proxy policy shadow`: what a candidate said of the requests that came."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.text import Text

from policy_proxy.audit.reading import Kind
from policy_proxy.cli.policy.flips_output import group_documents, show_doubts, show_groups
from policy_proxy.cli.policy.log_options import (
    as_document,
    doubts,
    listed,
    log_option,
    read_logs,
    unsure,
)
from policy_proxy.cli.policy_sources import format_option
from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.tried import Tried

_NO_WORD = (
    "No record has a word of a candidate: it agreed with everything, or it was not on trial. How "
    "many requests it decided is in the health check, as docs/shadow.md says."
)


@click.group(short_help="What a candidate policy said of the requests that came.")
def shadow() -> None:
    """A candidate policy, tried beside the one in force ([policy] candidate_file)."""


@shadow.command(short_help="Where it decided otherwise, from the audit records.")
@log_option
@click.option("--revision", default="", help="Of this candidate alone, as the records name it.")
@click.option(
    "--fail-on",
    type=click.Choice(["gain", "loss", "any"]),
    help="Exit with 1 if it would have allowed a request that was denied, denied one that was "
    "allowed, or either; also if a record is broken, of an unknown version, or the candidate could "
    "not tell, or if the log has no decision at all.",
)
@format_option
def report(named: Sequence[str], revision: str, fail_on: str | None, form: str) -> None:
    """Say which requests a candidate would have decided otherwise, by rule, roles and project.

    The proxy notes it in the audit record (docs/shadow.md). What it was not asked about, since it
    was slow or could not be used, is in no record: the health check counts that.

    Exit code 0; 1 for what --fail-on names, and if a log cannot be read; 2 for wrong usage.
    """
    tried = Tried(revision)
    files, unread = read_logs(named, tried.take)
    if form == "json":
        _show_json(files, tried, unread)
    else:
        show_text(files, tried, unread)
    sys.exit(1 if fail_on and _fails(tried, unread, fail_on) else 0)


def _fails(tried: Tried, unread: Mapping[Kind, Noted], on: str) -> bool:
    gained, lost = on != "loss" and tried.flips.gained, on != "gain" and tried.flips.lost
    return bool(gained or lost or unsure(tried.undecided, unread) or not tried.decided)


def _show_json(files: Sequence[str], tried: Tried, unread: Mapping[Kind, Noted]) -> None:
    answer = {
        "files": list(files),
        "from": tried.first,
        "to": tried.last,
        "records": tried.records,
        "decided": tried.decided,
        "candidates": dict(tried.revisions.most_common()),
        "gained": tried.flips.gained,
        "lost": tried.flips.lost,
        "groups": group_documents(tried.flips),
        "beyond_groups": tried.flips.beyond,
        "undecided": as_document(tried.undecided),
        "unread": {str(kind): as_document(noted) for kind, noted in unread.items()},
    }
    click.echo(json.dumps(answer, indent=2))


def show_text(files: Sequence[str], tried: Tried, unread: Mapping[Kind, Noted]) -> None:
    console = Console(highlight=False)
    console.print(Text(printable(f"log         {listed(files)}")), soft_wrap=True)
    for revision, count in tried.revisions.most_common():
        console.print(Text(printable(f"candidate   revision {revision} ({_records(count)})")))
    if tried.is_silent:
        print_stripped(console, Text(_NO_WORD))
    show_groups(console, tried.flips)
    show_doubts(console, doubts(tried.undecided, unread))
    console.print()
    counts = {
        "records": tried.records,
        "decided": tried.decided,
        "gained": tried.flips.gained,
        "lost": tried.flips.lost,
        "undecided": tried.undecided.count,
        **{str(kind): noted.count for kind, noted in unread.items() if noted.count},
    }
    console.print(Text(", ".join(f"{name}: {count}" for name, count in counts.items())))


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"
