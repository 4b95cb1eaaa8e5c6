"""A group of commands that imports a command when it is called.

Each command imports what it alone needs, so that `serve` does not wait for the libraries of the
others. This is the pattern of
https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """
    :param package: where there is a module for each command, which holds it under the same name.
    :param names: of the commands.
    """

    def __init__(self, *args: Any, package: str, names: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._package = package
        self._names = sorted(names)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return self._names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in self._names:
            return None
        command: click.Command = getattr(import_module(f"{self._package}.{cmd_name}"), cmd_name)
        return command
