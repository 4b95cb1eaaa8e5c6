"""How requests that are decided otherwise are shown, whoever found them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.policy.replay.flips import Example, Flips, Group, Kin

MOST = 10
"""Groups of each rule that are shown to people."""


def group_documents(flips: Flips) -> list[dict[str, Any]]:
    """As JSON."""
    return [_document(*each) for each in flips.groups()]


def _document(kin: Kin, group: Group) -> dict[str, Any]:
    return {
        "change": "gained" if kin.gained else "lost",
        "rule": kin.rule,
        "roles": list(kin.roles),
        "project_id": kin.project_id,
        "count": group.count,
        "examples": [{"place": one.place, **one.says} for one in group.examples],
    }


def show_groups(console: Console, flips: Flips) -> None:
    """A table for each rule, with an empty line before it."""
    for rule, each in groupby(flips.groups(), key=lambda group: group[0].rule):
        console.print()
        console.print(Text(printable(rule), "bold"))
        print_stripped(console, _table(list(each)))
    if flips.beyond:
        console.print(f"\nand {flips.beyond} more, in groups that are not told apart")


def show_doubts(console: Console, doubts: Iterable[str]) -> None:
    """What could not be decided, with an empty line before it."""
    for number, doubt in enumerate(doubts):
        if not number:
            console.print()
        print_stripped(console, Text(printable(doubt), "yellow"))


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
