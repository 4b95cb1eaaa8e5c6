"""`policy-proxy audit`: the commands of whoever reads audit files, one file each."""

from __future__ import annotations

import click

from policy_proxy.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    package=__name__,
    names=("key", "report", "tail", "verify"),
    short_help="Follow, count and verify audit records.",
)
def audit() -> None:
    """Look at audit files: what happens now, what happened, and whether it is all there."""
