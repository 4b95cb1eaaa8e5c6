"""The command `policy-proxy`; each of its commands has a file of its own."""

from __future__ import annotations

import click

from policy_proxy.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, package=__name__, names=("audit", "check", "policy", "serve", "up"))
@click.version_option(package_name="policy-proxy")
def main() -> None:
    """Access control in front of the OpenStack Placement API."""
