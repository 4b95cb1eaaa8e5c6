"""The state directory: everything that one embedded stack keeps between two starts."""

from __future__ import annotations

import configparser
import fcntl
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from policy_proxy.embedded import ports
from policy_proxy.errors import ConfigurationError

WRITTEN = "Written by `policy-proxy up` at each start."
"""What each configuration file begins with."""


def default_directory() -> Path:
    """Where a user's state lies: https://specifications.freedesktop.org/basedir-spec/latest/."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "policy-proxy"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Make the directory if it is missing, and hold it for this process alone.

    :raises ConfigurationError: if it cannot be written, or another process holds it.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (root / "lock").open("a")
    except OSError as error:
        raise ConfigurationError(
            [f"{error.filename}: {error.strerror}: name another directory with --state-dir"]
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                [f"{root} is in use by another `policy-proxy up`: name another with --state-dir"]
            ) from None
        yield


def passwords(root: Path, users: Iterable[str]) -> dict[str, str]:
    """A password for each user: the one kept, else a new one."""
    path = root / "passwords.json"
    kept = _read(path)
    known = {user: kept.get(user) or secrets.token_urlsafe(24) for user in users}
    write(path, json.dumps(known, indent=2) + "\n")
    return known


def loopback_ports(root: Path, services: Iterable[str]) -> dict[str, int]:
    """A port for each service: the one it had if that is free, else a new one."""
    path = root / "ports.json"
    kept = _read(path)
    chosen = {service: ports.free(kept.get(service, 0)) for service in services}
    write(path, json.dumps(chosen) + "\n")
    return chosen


def write(path: Path, text: str) -> None:
    """Replace the file in one step; it is readable for its owner only."""
    new = path.with_name(f"{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def write_ini(path: Path, comment: str, sections: Mapping[str, Mapping[str, str]]) -> None:
    """Write a configuration file for oslo.config, to which `$` starts a reference."""
    parser = configparser.ConfigParser(interpolation=None)
    for section, options in sections.items():
        parser[section] = {name: value.replace("$", "$$") for name, value in options.items()}
    text = io.StringIO()
    parser.write(text)
    write(path, f"# {comment}\n\n{text.getvalue()}")


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept
