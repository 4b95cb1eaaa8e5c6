"""How the commands speak: problems on stderr, a sentence each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NoReturn

import click


def fail(problems: Iterable[str]) -> NoReturn:
    """Print every problem and end with exit code 1: the thing checked is bad."""
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    sys.exit(1)
