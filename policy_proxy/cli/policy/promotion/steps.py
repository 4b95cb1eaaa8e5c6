"""What is looked at before a candidate becomes policy, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from policy_proxy.cli.policy import lint_output
from policy_proxy.cli.policy.cases import output as cases_output
from policy_proxy.cli.policy.cases.files import Suite, case_files, read_file
from policy_proxy.cli.policy.cases.measured import ran
from policy_proxy.cli.policy.diff_output import show_text
from policy_proxy.cli.policy.log_options import read_logs
from policy_proxy.cli.policy.promotion.proposal import Proposal, Step
from policy_proxy.cli.policy.shadow import show_text as show_text_of_trial
from policy_proxy.cli.terminal import from_here
from policy_proxy.policy.cases.case import ENDING
from policy_proxy.policy.replay.tried import Tried


def lint(proposal: Proposal) -> bool:
    """As `policy lint`: warnings are shown, errors end it."""
    lint_output.table(proposal.findings)
    click.echo()
    return proposal.after is not None


def tests(paths: Sequence[str]) -> Step:
    """As `policy test`: failures are shown, and end it.

    :param paths: files of cases, or directories with them. Without any, the file that goes by its
        name with the candidate, or else with the file that it replaces.
    """

    def look(proposal: Proposal) -> bool:
        named = paths or _named_after(proposal.candidate) or _named_after(proposal.file)
        if proposal.after is None or not named:
            click.echo("No tests were run: see --tests.\n")
            return proposal.after is not None
        cases = [case for file in case_files(named) for case in read_file(file).cases]
        suite = Suite(from_here(proposal.candidate), proposal.after, tuple(cases))
        done = ran(suite, measure=False, propose=False)
        cases_output.show_text([done])
        click.echo()
        return not done.failed

    return look


def _named_after(policy: str) -> list[str]:
    """The file of cases beside a policy file, and the one in `tests` there, if they exist."""
    folder, name = Path(policy).parent, f"{Path(policy).stem}{ENDING}"
    return [str(file) for file in (folder / name, folder / "tests" / name) if file.is_file()]


def trial(named: Sequence[str]) -> Step:
    """As `policy shadow report`: what the candidate said of requests, if it was on trial.

    :param named: logs with audit records; without any nothing is said.
    """

    def look(proposal: Proposal) -> bool:
        if named and proposal.after:
            revision = proposal.after.revision
            tried = Tried(revision)
            files, unread = read_logs(named, tried.take)
            show_text_of_trial(files, tried, unread)
            if revision not in tried.revisions:
                why = "it was not on trial, or has decided everything alike"
                click.echo(f"No record names revision {revision}: {why}.")
            click.echo()
        return True

    return look


def diff(proposal: Proposal) -> bool:
    """As `policy diff`: who gains by it and who loses is for whoever is asked."""
    shown = from_here(proposal.file)
    if proposal.changes is None:
        click.echo(f"{shown} is not good as it is, so there is nothing to compare with.\n")
    else:
        show_text(shown, from_here(proposal.candidate), proposal.changes)
        click.echo()
    return True
