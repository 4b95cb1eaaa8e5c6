"""A group of commands that imports a command when it is called.

Each command imports what it alone needs, so that `serve` does not wait for the libraries of the
others. This is the pattern of
https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands.
"""

from __future__ import annotations

import difflib
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click looks for near names among those that are imported."""
        name = args[0]
        if name not in self._names and name[:1].isalnum() and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self._names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(self._names)}"
            ctx.fail(f"there is no command {name!r}: {hint}")
        return super().resolve_command(ctx, args)
