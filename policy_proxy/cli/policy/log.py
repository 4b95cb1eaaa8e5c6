"""`policy-proxy policy log`: who put which policy in force, and when."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy import config
from policy_proxy.cli.output import fail
from policy_proxy.cli.policy.promotion import files
from policy_proxy.cli.policy.promotion.asked import config_option
from policy_proxy.cli.policy_sources import format_option
from policy_proxy.cli.terminal import print_stripped
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.history import Entry, told

_STYLES = {"failed": "red", "interrupted": "yellow"}


@click.command(short_help="Show who put which policy in force, and when.")
@config_option
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N.")
@format_option
def log(config_file: str, last: int | None, form: str) -> None:
    """Show who put which policy in force, and when: what promote and rollback have written into
    the history beside the policy file. The newest comes first.

    Exit code 0; 1 if it cannot be read, or a line of it is none of ours.
    """
    try:
        main = files.real(config.read([config_file]).policy.file)
        found, others = files.remembered(main)
    except ConfigurationError as error:
        fail(error.problems)
    except OSError as error:
        fail([f"{error.filename}: {error.strerror}"])
    shown = found[::-1][:last]
    if form == "json":
        click.echo(json.dumps(told(shown), indent=2))
    else:
        _show(shown)
    if others:
        history = files.beside(main, "history")
        fail([f"{history}: {others} of its lines are no entries of this version: look at them"])


def _show(entries: Sequence[Entry]) -> None:
    if not entries:
        click.echo("Nothing was promoted yet.")
    console = Console(highlight=False)
    for number, entry in enumerate(entries):
        if number:
            console.print()
        kind = Text(entry.kind, _STYLES.get(entry.kind, "green"))
        console.print(Text.assemble((f"{entry.time}  ", "bold"), kind))
        print_stripped(console, _facts(entry))


def _facts(entry: Entry) -> Table:
    counted = {name: count for name, count in entry.changes.items() if name != "unchanged"}
    facts = {
        "file": entry.file,
        "revision": f"{entry.before or '?'} → {entry.after}",
        "by": f"{entry.user}{' for ' * bool(entry.sudo_user)}{entry.sudo_user} on {entry.host}",
        "changes": ", ".join(f"{name}: {count}" for name, count in counted.items()),
        "because" if entry.reason else "in force": entry.reason or _in_force(entry.workers),
    }
    table = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            table.add_row(f"  {name}", Text(fact, overflow="fold"))
    return table


def _in_force(workers: int) -> str:
    known = {0: "not waited for", 1: "in the only worker"}
    return known.get(workers, f"in all {workers} workers")
