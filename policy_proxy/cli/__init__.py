"""The command `policy-proxy`; each of its commands has a file of its own."""

from __future__ import annotations

import click

from policy_proxy.cli.check import check
from policy_proxy.cli.policy import policy
from policy_proxy.cli.serve import serve
from policy_proxy.cli.up import up


@click.group()
@click.version_option(package_name="policy-proxy")
def main() -> None:
    """Access control in front of the OpenStack Placement API."""


main.add_command(check)
main.add_command(policy)
main.add_command(serve)
main.add_command(up)
