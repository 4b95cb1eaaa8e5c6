"""`policy-proxy policy show`: the rules in force, each in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.policy.question import by_rule
from policy_proxy.cli.policy_sources import format_option, policy_options, snapshot_from
from policy_proxy.cli.terminal import from_here, print_stripped
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.listing import Listed, listing


@click.command(short_help="Show the rules in force, or one of them.")
@click.argument("rule", required=False)
@policy_options
@format_option
def show(
    rule: str | None,
    config_file: str | None,
    policies: Sequence[str],
    form: str,
    *,
    enforce_new_defaults: bool | None,
) -> None:
    """Show the rules in force, or one RULE: what it says, each reference replaced by the rule that
    it names; where it stands; what it decides.

    Exit code 0; 1 if the policy is not good; 2 if there is no such rule.
    """
    snapshot = snapshot_from(config_file, policies, enforce_new_defaults=enforce_new_defaults)
    name = by_rule(rule, snapshot.rules).rule if rule else None
    shown = [one for one in listing(snapshot, SERVICE.defaults()) if name in (None, one.name)]
    if form == "json":
        rules = [asdict(one) for one in shown]
        click.echo(json.dumps({"revision": snapshot.revision, "rules": rules}, indent=2))
    else:
        _show_text(shown, snapshot.revision)


def _show_text(shown: Sequence[Listed], revision: str) -> None:
    console = Console(highlight=False)
    console.print(f"Revision {revision}")
    for one in shown:
        console.print()
        console.print(Text(one.name, "bold"))
        print_stripped(console, _facts(one))


def _facts(one: Listed) -> Table:
    facts = {
        "means": one.description,
        "check": one.check,
        "from": from_here(one.origin),
        "uses": "\n".join(f"rule:{name}  [{from_here(at)}]" for name, at in one.uses.items()),
        "for": "\n".join(one.operations),
        "scope": ", ".join(one.scopes) or "any",
    }
    table = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        if fact:
            table.add_row(Text(f"  {name}"), Text(fact, overflow="fold"))
    return table
