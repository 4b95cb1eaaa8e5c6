"""`policy-proxy policy`: the commands of whoever changes policy, one file each."""

from __future__ import annotations

import click


@click.group()
def policy() -> None:
    """Work on policy files: find mistakes, understand decisions, compare."""
