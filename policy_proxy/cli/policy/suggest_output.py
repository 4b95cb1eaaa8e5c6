"""How a suggestion is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from policy_proxy.audit.reading import Kind
from policy_proxy.cli.policy.flips_output import show_doubts
from policy_proxy.cli.policy.log_options import as_document, doubts, listed, told
from policy_proxy.cli.terminal import from_here, print_stripped, printable
from policy_proxy.placement.operations import NAMESPACE
from policy_proxy.policy.listing import check_string, expanded
from policy_proxy.policy.nodes import Never
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.source import Sources
from policy_proxy.policy.suggest.files import Suggested, diff
from policy_proxy.policy.suggest.narrow import Suggestion
from policy_proxy.policy.suggest.never import Privileges
from policy_proxy.policy.suggest.usage import Usage

MOST = 20
"""Accounts, and roles, that are shown to people."""
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Shown:
    """All that there is to show.

    :param sources: the policy files as they are.
    """

    files: Sequence[str]
    unread: Mapping[Kind, Noted]
    usage: Usage
    found: Sequence[Suggestion]
    accounts: Sequence[Privileges]
    roles: Sequence[Privileges]
    sources: Sources
    made: Suggested

    @property
    def diff(self) -> str:
        return diff(self.sources, self.made.sources, from_here)


def only_diff(shown: Shown) -> None:
    """Doubts go to stderr, so that the rest can be given to `patch`."""
    for doubt in _doubts(shown):
        click.echo(printable(doubt), err=True)
    click.echo(shown.diff, nl=False)


def as_json(shown: Shown) -> None:
    usage = shown.usage
    answer = {
        "files": list(shown.files),
        "revision": usage.snapshot.revision,
        "from": usage.first,
        "to": usage.last,
        "records": usage.records,
        "allowed": usage.allowed,
        "accounts": list(map(asdict, shown.accounts)),
        "roles": list(map(asdict, shown.roles)),
        "rules": [_rule(one, usage) for one in shown.found],
        "diff": shown.diff,
        "lint": list(map(str, shown.made.problems)),
        "denied": as_document(usage.denied),
        "undecided": as_document(usage.undecided),
        "unread": {str(kind): as_document(noted) for kind, noted in shown.unread.items()},
    }
    click.echo(json.dumps(answer, indent=2))


def _rule(one: Suggestion, usage: Usage) -> dict[str, object]:
    now = check_string(expanded(usage.snapshot.rules[one.rule]))
    return {
        "rule": one.rule,
        "requests": one.requests,
        "now": now,
        "suggested": now if one.node is None else check_string(one.node),
        "unused": list(one.dropped),
        "remark": one.remark,
    }


def table(shown: Shown) -> None:
    console = Console(highlight=False)
    print_stripped(console, _facts(shown))
    for title, those in (("Service accounts", shown.accounts), ("Roles", shown.roles)):
        if those:
            console.print()
            console.print(Text(title, "bold"))
            print_stripped(console, _privileges(those))
    show_doubts(console, _doubts(shown))
    console.print()
    if shown.diff:
        console.print(Text("To review", "bold"))
        for line in shown.diff.splitlines():
            console.print(Text(line, _STYLES.get(line[:1], "")), soft_wrap=True)
        console.print()
    console.print(Text(_summary(shown.found)))


def _facts(shown: Shown) -> Table:
    usage = shown.usage
    facts = {
        "log": listed(shown.files),
        "from": f"{usage.first} to {usage.last}" if usage.first else "",
        "policy": f"revision {usage.snapshot.revision}",
        "records": f"{usage.records}, {usage.allowed} of them allowed",
    }
    table = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            table.add_row(Text(name), Text(printable(fact), overflow="fold"))
    return table


def _privileges(those: Sequence[Privileges]) -> Table:
    table = Table.grid(padding=(0, 2))
    for one in those[:MOST]:
        holding = f" ({', '.join(one.roles)})" if one.roles else ""
        plural = "" if one.requests == 1 else "s"
        line = f"  {one.name}{holding}: {one.requests} request{plural}"
        table.add_row(Text(printable(line), overflow="fold"))
        for name, rules in (("used", one.used), ("never", one.never)):
            short = ", ".join(rule.removeprefix(NAMESPACE) for rule in rules)
            table.add_row(Padding(Text(f"{name} {len(rules)}: {short or 'nothing'}"), (0, 0, 0, 4)))
    if len(those) > MOST:
        table.add_row(Text(f"  and {len(those) - MOST} more: --format json has them"))
    return table


def _doubts(shown: Shown) -> Iterator[str]:
    yield from told("left out", shown.usage.denied)
    yield from doubts(shown.usage.undecided, shown.unread)
    for remark in dict.fromkeys(one.remark for one in shown.found if one.remark):
        rules = [one.rule.removeprefix(NAMESPACE) for one in shown.found if one.remark == remark]
        yield f"{remark}: {', '.join(rules)}"
    for problem in shown.made.problems:
        yield f"lint would say: {problem}"


def _summary(found: Sequence[Suggestion]) -> str:
    closed = sum(isinstance(one.node, Never) for one in found)
    narrower = sum(bool(one.dropped or one.named) for one in found) - closed
    counts = {
        "rules": len(found),
        "narrower": narrower,
        "not used and closed": closed,
        "as they are": len(found) - narrower - closed,
    }
    return ", ".join(f"{name}: {count}" for name, count in counts.items())
