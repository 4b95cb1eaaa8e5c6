"""Policy files as they were at a revision of git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from policy_proxy.policy.source import Sources

_TIMEOUT = 30
_SYMLINK = "120000"


class _Entry(NamedTuple):
    """What git keeps under a name: its mode, `blob` or `tree`, and the object's id."""

    mode: str
    kind: str
    object: str


def at_revision(revision: str, path: str, read: Callable[[str], Sources]) -> Sources:
    """A policy file or directory as it was, read as if it lay on the disk like that.

    :param path: in a work tree; it need not exist there any more.
    :param read: reads the policy at a path.
    :raises click.UsageError: if there is no such revision, or nothing at this path in it.
    """
    if revision.startswith("-"):
        raise click.UsageError(f"{revision} is an option, not a revision")
    where = Path(path)
    beside = next(folder for folder in (where, *where.parents) if folder.is_dir())
    entry = _found(beside, where.relative_to(beside), revision, path)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "policy"
        _write(beside, entry, place, path)
        sources = read(str(place))

    def named(file: str) -> str:
        return f"{revision}:{path}{file.removeprefix(str(place))}"

    files = tuple((named(file), content) for file, content in sources.files)
    problems = tuple(replace(problem, file=named(problem.file)) for problem in sources.problems)
    return replace(sources, files=files, problems=problems)


def _found(beside: Path, within: Path, revision: str, path: str) -> _Entry:
    """
    :param beside: a directory of the work tree.
    :param within: the path from there.
    """
    prefix = os.fsdecode(_git(beside, "rev-parse", "--show-prefix")).removesuffix("\n")
    wanted, none = f"{revision}^{{tree}}", f"there is no revision {revision}"
    tree = _git(beside, "rev-parse", "--verify", wanted, failed=none).decode().strip()
    entry: _Entry | None = _Entry("", "tree", tree)
    for name in Path(prefix, within).parts:
        is_folder = entry is not None and entry.kind == "tree"
        entry = _entries(beside, entry.object).get(name) if entry and is_folder else None
    if entry is None or entry.kind not in ("blob", "tree"):
        raise click.UsageError(
            f"there is no {path} at {revision}: to compare with the service's own rules, name "
            "defaults"
        )
    return entry


def _entries(beside: Path, tree: str) -> dict[str, _Entry]:
    """What a tree holds, by name."""
    listed = os.fsdecode(_git(beside, "ls-tree", "-z", "--full-tree", tree)).split("\0")
    split = [line.partition("\t") for line in listed if line]
    return {name: _Entry(*head.split()) for head, _, name in split if _is_plain(name)}


def _is_plain(name: str) -> bool:
    """Only whoever forges a repository can have others in it."""
    return "/" not in name and name not in (".", "..")


def _write(beside: Path, entry: _Entry, place: Path, path: str) -> None:
    """The file, or the directory with its files; directories in it stay empty."""
    if entry.mode == _SYMLINK:
        raise click.UsageError(f"{path} is a symbolic link at this revision: name what it leads to")
    if entry.kind == "blob":
        place.write_bytes(_git(beside, "cat-file", "blob", entry.object))
        return
    place.mkdir()
    for name, below in _entries(beside, entry.object).items():
        if below.kind == "blob":
            _write(beside, below, place / name, f"{path}/{name}")
        else:
            (place / name).mkdir()


def _git(folder: Path, *arguments: str, failed: str = "") -> bytes:
    """What git prints.

    :param failed: what it means if git fails; else git's own words are told.
    :raises click.UsageError: if it fails.
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
        raise click.UsageError(failed or f"git {' '.join(arguments)}: {words}")
    return done.stdout
