"""The commands, as each of them describes itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from policy_proxy.cli import main

from .markdown import document, origin

NAME = "policy-proxy"
WIDTH = 90
BAD = (
    "what was checked, compared or asked is bad, or the answer is no; what could not be done at "
    "all is an `error:` line on stderr"
)

INTRODUCTION = f"""
# Commands

`{NAME} COMMAND --help` shows the same in a terminal. In a clone, after `make install`, it is
`.venv/bin/{NAME}`; the `openrc` of `make run` puts it on the `PATH`.

Every command ends with one of three exit codes:

| Code | Meaning |
| --- | --- |
| 0 | good |
| 1 | {BAD} |
| 2 | wrong usage of the command itself |
"""


def reference() -> str:
    """docs/commands.md."""
    sections = [f"## {name}\n\n```text\n{text}\n```" for name, text in every(main, NAME)]
    return document(origin("policy_proxy/cli"), INTRODUCTION, *sections)


def every(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The command and all below it: the words to type, and its help."""
    context = click.Context(command, info_name=name, terminal_width=WIDTH, color=False)
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner is not None:
                yield from every(inner, f"{name} {below}")
