"""`policy-proxy policy`: the commands of whoever changes policy, one file each."""

from __future__ import annotations

import click

from policy_proxy.cli.policy.diff import diff
from policy_proxy.cli.policy.explain import explain
from policy_proxy.cli.policy.fmt import fmt
from policy_proxy.cli.policy.lint import lint
from policy_proxy.cli.policy.show import show


@click.group()
def policy() -> None:
    """Work on policy files: find mistakes, understand decisions, compare."""


policy.add_command(diff)
policy.add_command(explain)
policy.add_command(fmt)
policy.add_command(lint)
policy.add_command(show)
