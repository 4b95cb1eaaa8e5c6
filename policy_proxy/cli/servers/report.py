"""What `policy-proxy check --server` says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policy_proxy.cli.servers.entry import Unreadable
from policy_proxy.cli.servers.every import SERVERS
from policy_proxy.cli.servers.look import look
from policy_proxy.config import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """
    :param problems: a sentence each.
    :param notes: what was looked at and is good, what no file can change, and what was not looked
        at; a line each.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def report(name: str, files: Sequence[str], ours: Settings) -> Report:
    """The environment of the server with this name, as this process has it.

    :param files: the server's own configuration.
    """
    server = SERVERS[name]
    version = server.version()
    try:
        looked = look(server, files, os.environ, ours, version)
    except Unreadable as error:
        return Report((str(error),), ())
    except OSError as error:
        return Report((f"{error.filename}: {error.strerror}: name another",), ())
    if looked.strange:
        named = ", ".join(files)
        what = f"--server {name} ({server.words})"
        return Report((f"{named}: nothing in it is for {what}: name the file that it reads",), ())
    problems = tuple(map(str, looked.found))
    good = () if problems else tuple(_good(name, files, version))
    always = (f"{name}, whatever it is told: {words}" for words in server.always)
    unseen = (f"not looked at: {words}" for words in looked.unseen)
    return Report(problems, (*good, *always, *unseen))


def _good(name: str, files: Sequence[str], version: str) -> Iterator[str]:
    """What nothing was found in. Of a server without a file only the environment was looked at."""
    yield from (f"{file}: good" for file in files)
    if not files:
        yield f"{name}: nothing found in the environment"
    if version:
        yield f"{name} {version}: no fault of this version is known here"
