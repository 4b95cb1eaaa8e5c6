"""How a replay is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.audit.reading import Kind
from policy_proxy.cli.policy.log_options import as_document, listed, told
from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.policy.replay.flips import Example, Group, Kin
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.replay import Replay

MOST = 10
"""Groups of each rule that are shown to people,"""
REVISIONS = 3
"""and revisions that decided then, the most frequent ones."""


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
        "groups": [_document(*each) for each in flips.groups()],
        "beyond_groups": flips.beyond,
        "decided_by": dict(replay.revisions.most_common()),
        "undecided": as_document(replay.undecided),
        "unread": {str(kind): as_document(noted) for kind, noted in found.unread.items()},
    }
    click.echo(json.dumps(answer, indent=2))


def _document(kin: Kin, group: Group) -> dict[str, Any]:
    return {
        "change": "gained" if kin.gained else "lost",
        "rule": kin.rule,
        "roles": list(kin.roles),
        "project_id": kin.project_id,
        "count": group.count,
        "examples": [{"place": one.place, **one.says} for one in group.examples],
    }


def show_text(found: Replayed) -> None:
    console = Console(highlight=False)
    print_stripped(console, _facts(found))
    for rule, each in groupby(found.replay.flips.groups(), key=lambda group: group[0].rule):
        console.print()
        console.print(Text(printable(rule), "bold"))
        print_stripped(console, _table(list(each)))
    if found.replay.flips.beyond:
        console.print(f"\nand {found.replay.flips.beyond} more, in groups that are not told apart")
    doubts = list(_doubts(found))
    if doubts:
        console.print()
    for doubt in doubts:
        print_stripped(console, Text(printable(doubt), "yellow"))
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


def _table(groups: Sequence[tuple[Kin, Group]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for kin, group in groups[:MOST]:
        words, style = ("gained", "green") if kin.gained else ("lost", "red")
        roles = f"roles {', '.join(kin.roles)}" if kin.roles else "no roles"
        project = f"project {kin.project_id}" if kin.project_id else "no project"
        who = Text(printable(f"{roles}; {project}"), overflow="fold")
        table.add_row(Text(f"  {words}", style), Text(f"{group.count}"), who)
        table.add_row("", "", Text(printable(_example(group.examples[0])), "dim", overflow="fold"))
    rest = groups[MOST:]
    if rest:
        count = sum(group.count for _, group in rest)
        table.add_row("", str(count), f"in {len(rest)} smaller groups: --format json has them")
    return table


def _example(one: Example) -> str:
    says = one.says
    return (
        f"such as {says['method']} {says['path']} by user {says['user_id']}, "
        f"{says['request_id']}, {one.place}"
    )


def _doubts(found: Replayed) -> Iterator[str]:
    yield from told("undecided", found.replay.undecided)
    for kind, noted in found.unread.items():
        yield from told(str(kind), noted)


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
