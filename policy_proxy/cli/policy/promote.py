"""`policy-proxy policy promote`: a candidate becomes the policy in force, or nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from policy_proxy.cli.policy.promotion import steps
from policy_proxy.cli.policy.promotion.asked import Asked, options
from policy_proxy.cli.policy.promotion.session import put_in_force


@click.command(short_help="Put a policy file in force, if it is good.")
@click.argument("candidate", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--tests",
    multiple=True,
    type=click.Path(exists=True),
    metavar="PATH",
    help="Files of cases that must pass, or directories with them.  [default: the one that is "
    "named after CANDIDATE, or else after the file that it replaces, beside it or in tests]",
)
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="FILE|DIR|PATTERN",
    help="Audit records of a trial of the candidate ([policy] candidate_file), to be shown as by "
    "policy shadow report.",
)
@options
def promote(candidate: str, tests: Sequence[str], logs: Sequence[str], **asked: Any) -> None:
    """Put the policy file CANDIDATE in force in place of the one that the configuration names.

    It is linted, tested and compared with what is in force. Then you are asked. The file is
    replaced at once, keeping its mode and owner, and all workers of the proxy must report the new
    revision; otherwise the file before is put back. docs/promote.md says more.

    Exit code 0: it is in force; 1: it is not, and the file is as before; 2: wrong usage.
    """
    looks = [steps.lint, steps.tests(tests), steps.diff, steps.trial(logs)]
    put_in_force("promote", Asked(**asked), lambda _: candidate, looks)
