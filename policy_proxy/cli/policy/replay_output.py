"""How a replay is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.audit.reading import Kind
from policy_proxy.cli.policy.flips_output import group_documents, show_doubts, show_groups
from policy_proxy.cli.policy.log_options import as_document, doubts, listed
from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.replay import Replay

REVISIONS = 3
"""That decided then, the most frequent ones, are shown to people."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """
    :param files: those that were read.
    :param revision: of the policy that decided.
    """

    files: Sequence[str]
    revision: str
    replay: Replay
    unread: Mapping[Kind, Noted]


def show_json(found: Replayed) -> None:
    replay, flips = found.replay, found.replay.flips
    answer = {
        "files": list(found.files),
        "revision": found.revision,
        "from": replay.first,
        "to": replay.last,
        "records": replay.records,
        "not_asked": replay.not_asked,
        "same": {"allowed": replay.same[True], "denied": replay.same[False]},
        "gained": flips.gained,
        "lost": flips.lost,
        "groups": group_documents(flips),
        "beyond_groups": flips.beyond,
        "decided_by": dict(replay.revisions.most_common()),
        "undecided": as_document(replay.undecided),
        "unread": {str(kind): as_document(noted) for kind, noted in found.unread.items()},
    }
    click.echo(json.dumps(answer, indent=2))


def show_text(found: Replayed) -> None:
    console = Console(highlight=False)
    print_stripped(console, _facts(found))
    show_groups(console, found.replay.flips)
    show_doubts(console, doubts(found.replay.undecided, found.unread))
    console.print()
    console.print(Text(_summary(found)))


def _facts(found: Replayed) -> Table:
    replay, then = found.replay, found.replay.revisions.most_common(REVISIONS)
    facts = {
        "log": listed(found.files),
        "from": f"{replay.first} to {replay.last}" if replay.first else "",
        "policy": f"revision {found.revision}",
        "then": ", ".join(f"revision {name} ({count})" for name, count in then),
    }
    table = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            table.add_row(Text(name), Text(printable(fact), overflow="fold"))
    return table


def _summary(found: Replayed) -> str:
    replay = found.replay
    counts = {
        "records": replay.records,
        "gained": replay.flips.gained,
        "lost": replay.flips.lost,
        "as before": sum(replay.same.values()),
        "not asked": replay.not_asked,
        "undecided": replay.undecided.count,
        **{str(kind): noted.count for kind, noted in found.unread.items() if noted.count},
    }
    return ", ".join(f"{name}: {count}" for name, count in counts.items())
