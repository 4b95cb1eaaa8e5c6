"""`policy-proxy policy`: the commands of whoever changes policy, one file each."""

from __future__ import annotations

import click

from policy_proxy.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    package=__name__,
    names=(
        "diff",
        "explain",
        "fmt",
        "lint",
        "log",
        "matrix",
        "promote",
        "replay",
        "rollback",
        "shadow",
        "show",
        "suggest",
        "test",
    ),
    short_help="Lint, test, show, explain, compare, try, format and promote policy files.",
)
def policy() -> None:
    """Work on policy files: find mistakes, understand decisions, compare, test, replay,
    promote."""
