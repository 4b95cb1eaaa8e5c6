"""Policy files as they were at a revision of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from policy_proxy.policy.source import Sources

_TIMEOUT = 30


def at_revision(revision: str, path: str) -> Sources:
    """A policy file, or the files of a directory as oslo.policy would list them, at a revision.

    :param path: in a work tree; it need not exist there any more.
    :raises click.UsageError: if there is no such revision, or nothing at this path in it.
    """
    where = Path(path)
    beside = where if where.is_dir() else where.parent
    if not beside.is_dir():
        raise click.UsageError(f"{beside} is no directory, so it is in no work tree of git")
    inside = "." if where.is_dir() else f"./{where.name}"
    kind = _git(beside, "cat-file", "-t", f"{revision}:{inside}").strip()
    if kind == b"blob":
        names = [inside]
    else:
        # The names come as seen from this directory; those of directories are left out.
        listed = _git(beside, "ls-tree", "-z", revision, f"{inside}/").decode().split("\0")
        entries = [entry.partition("\t") for entry in listed if entry]
        names = sorted(f"./{name}" for head, _, name in entries if head.split()[1] == "blob")
    files = tuple(
        (f"{revision}:{beside / name}", _git(beside, "show", f"{revision}:{name}"))
        for name in names
        if not Path(name).name.startswith(".")
    )
    return Sources(files, (), f"{revision}:{path}", ())


def _git(folder: Path, *arguments: str) -> bytes:
    """What git prints.

    :raises click.UsageError: with git's own words if it fails.
    """
    try:
        done = subprocess.run(  # noqa: S603  no shell, and nothing here is taken for an option
            ["git", "-C", str(folder), *arguments],  # noqa: S607  whichever git the caller uses
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise click.UsageError(f"git cannot be asked: {error}") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise click.UsageError(f"git {arguments[0]}: {words}")
    return done.stdout
