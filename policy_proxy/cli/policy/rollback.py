"""`policy-proxy policy rollback`: back to the policy file before the last promotion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from policy_proxy.cli.policy.promotion import files, steps
from policy_proxy.cli.policy.promotion.asked import Asked, options
from policy_proxy.cli.policy.promotion.session import put_in_force
from policy_proxy.cli.terminal import from_here
from policy_proxy.errors import ConfigurationError


@click.command(short_help="Put the policy file before the last promotion in force again.")
@options
def rollback(**asked: Any) -> None:
    """Put the policy file in force again that the last promotion replaced.

    It is linted and compared, and you are asked. The file and the workers are dealt with as by
    `policy promote`. A second rollback undoes the first one.

    Exit code 0: it is in force; 1: it is not, and the file is as before; 2: wrong usage.
    """
    put_in_force("rollback", Asked(**asked), _previous, [steps.lint, steps.diff])


def _previous(file: Path) -> str:
    """
    :raises ConfigurationError: if there is none.
    """
    path = files.beside(file, "previous")
    if not path.exists():
        shown = from_here(str(file))
        raise ConfigurationError([f"{shown} was never promoted: there is no {path.name} beside it"])
    return str(path)
