"""A virtualenv of the services' own, so that they and the proxy need not agree on any version."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

from compat import dump

MINUTES = 10
"""For one service; without any of its dependencies at hand, nova takes one."""


def made(folder: Path) -> Path:
    """The Python of a new environment.

    :raises OSError: if it cannot be written.
    """
    venv.create(folder, with_pip=True, clear=True)
    return folder / "bin" / "python"


def installed(python: Path, distributions: Iterable[str], log: Path) -> list[str]:
    """Install one by one, so that one which fails keeps none out. Returns those that fail."""
    failed = []
    with log.open("w", encoding="utf-8") as said:
        for name in distributions:
            print(f"installing {name}", file=sys.stderr, flush=True)
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name]
            try:
                subprocess.run(pip, stdout=said, stderr=said, timeout=MINUTES * 60, check=True)
            except subprocess.SubprocessError as error:
                said.write(f"{name}: {error}\n")
                failed.append(name)
    return failed


def dump_to(path: Path, python: Path, log: Path) -> None:
    """Write the rules of all services of that environment.

    :raises subprocess.CalledProcessError: see `log`.
    """
    with path.open("wb") as out, log.open("ab") as said:
        subprocess.run([python, dump.__file__], stdout=out, stderr=said, check=True)
