"""Which version of a server is installed here."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from collections.abc import Callable

from policy_proxy.cli.servers.seen import Version

_NUMBERS = re.compile(r"\d+(?:\.\d+)+")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 10.0


def of_distribution(name: str) -> Callable[[], str]:
    """Of a Python distribution; the empty text if it is not installed."""

    def version() -> str:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return ""

    return version


def of_program(name: str, *arguments: str) -> Callable[[], str]:
    """Of a program, from what it says; the empty text if it is not installed, or says nothing."""

    def version() -> str:
        program = shutil.which(name) or shutil.which(name, path=_PATH)
        if program is None:
            return ""
        try:
            said = subprocess.run(  # noqa: S603  one of the servers that are named in this folder
                [program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = _NUMBERS.search(said.stdout + said.stderr)
        return found[0] if found else ""

    return version


def parsed(text: str) -> Version | None:
    """The numbers of a version; None if there are none."""
    found = _NUMBERS.match(text)
    return tuple(map(int, found[0].split("."))) if found else None
