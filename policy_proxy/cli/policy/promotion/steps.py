"""What is looked at before a candidate becomes policy, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from policy_proxy.cli.policy import lint_output
from policy_proxy.cli.policy.cases import output as cases_output
from policy_proxy.cli.policy.cases.files import Suite, case_files, read_file
from policy_proxy.cli.policy.cases.measured import ran
from policy_proxy.cli.policy.comparison import compared
from policy_proxy.cli.policy.diff_output import counts, show_text
from policy_proxy.cli.policy.promotion.proposal import Proposal, Step
from policy_proxy.cli.terminal import from_here
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.cases.case import ENDING
from policy_proxy.policy.diff.oracle import side


def lint(proposal: Proposal) -> bool:
    """As `policy lint`: warnings are shown, errors end it."""
    lint_output.table(proposal.findings)
    return proposal.after is not None


def tests(paths: Sequence[str]) -> Step:
    """As `policy test`: failures are shown, and end it.

    :param paths: files of cases, or directories with them. Without any, the file that goes by its
        name with the candidate, or else with the file that it replaces.
    """

    def look(proposal: Proposal) -> bool:
        named = paths or _named_after(proposal.candidate) or _named_after(proposal.file)
        if proposal.after is None or not named:
            click.echo("There are no tests: see --tests")
            return proposal.after is not None
        cases = [case for file in case_files(named) for case in read_file(file).cases]
        suite = Suite(from_here(proposal.candidate), proposal.after, tuple(cases))
        done = ran(suite, measure=False, propose=False)
        cases_output.show_text([done])
        return not done.failed

    return look


def _named_after(policy: str) -> list[str]:
    """The file of cases beside a policy file, and the one in `tests` below, as far as they exist."""
    folder, name = Path(policy).parent, f"{Path(policy).stem}{ENDING}"
    return [str(file) for file in (folder / name, folder / "tests" / name) if file.is_file()]


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
