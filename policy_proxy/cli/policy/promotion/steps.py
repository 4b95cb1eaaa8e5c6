"""What is looked at before a candidate becomes policy, one after the other."""

from __future__ import annotations

import click

from policy_proxy.cli.policy import lint_output
from policy_proxy.cli.policy.comparison import compared
from policy_proxy.cli.policy.diff_output import counts, show_text
from policy_proxy.cli.policy.promotion.proposal import Proposal
from policy_proxy.cli.terminal import from_here
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.diff.oracle import side


def lint(proposal: Proposal) -> bool:
    """As `policy lint`: warnings are shown, errors end it."""
    lint_output.table(proposal.findings)
    return proposal.after is not None


def diff(proposal: Proposal) -> dict[str, int]:
    """As `policy diff`, from what is in force.

    :returns: how many operations allow more, less, and so on; nothing if there is no comparing.
    """
    if proposal.before is None or proposal.after is None:
        click.echo(f"{from_here(proposal.file)} is not good, so there is nothing to compare with")
        return {}
    sides = (
        side(one, proposal.settings, SERVICE.defaults) for one in (proposal.before, proposal.after)
    )
    changes = compared(*sides)
    show_text(from_here(proposal.file), from_here(proposal.candidate), changes)
    return counts(changes)
