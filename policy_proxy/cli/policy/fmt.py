"""`policy-proxy policy fmt`: policy files in canonical form."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from policy_proxy.cli.policy_sources import format_option, settings_from
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.fmt import formatted
from policy_proxy.policy.problem import PolicyError, Problem, errors
from policy_proxy.policy.source import read


@click.command(short_help="Write policy files in canonical form.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True), metavar="FILE|DIR..."
)
@click.option("--check", is_flag=True, help="Change nothing; say which files would change.")
@format_option
def fmt(paths: Sequence[str], form: str, *, check: bool) -> None:
    """Write policy files in canonical form: the same rules and comments, in the order in which the
    service declares its rules, in double quotes. Rules without an empty line between them stay
    together.

    A file that is no good policy file is left as it is.

    Exit code 0; 1 if a file cannot be formatted, or with --check if one would change.
    """
    changed, problems = [], []
    for path in paths:
        sources = read(settings_from(None, [path], enforce_new_defaults=None))
        bad = errors(sources.problems)
        problems += bad
        for file, content in sources.files:
            try:
                if file not in [one.file for one in bad] and _formatted(file, content, check=check):
                    changed.append(file)
            except PolicyError as error:
                problems += error.found
    (_show_json if form == "json" else _show_text)(changed, problems, check=check)
    sys.exit(1 if problems or (check and changed) else 0)


def _formatted(file: str, content: bytes, *, check: bool) -> bool:
    """Whether the file changes, or would.

    :raises PolicyError: if it cannot be formatted or written.
    """
    order = [rule.name for rule in SERVICE.defaults()]
    new = formatted(file, content, order)
    if new == content:
        return False
    if not check:
        try:
            _replace(Path(file), new)
        except OSError as error:
            raise PolicyError([_not_written(file, error)]) from None
    return True


def _replace(path: Path, content: bytes) -> None:
    """At once, so that nobody reads half of it; owner, mode, access list and label stay. The new
    file's name begins with a dot at first: nobody takes that for policy.
    """
    path = path.resolve()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            status = path.stat()
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
            shutil.copystat(path, file.name)
            os.utime(file.name)
            Path(file.name).replace(path)
        except BaseException:  # Ctrl-C as well: half a copy must not stay beside the file
            Path(file.name).unlink()
            raise


def _not_written(file: str, error: OSError) -> Problem:
    remedy = (
        "whoever runs this must be able to write the file and its directory, with room for a copy"
    )
    return Problem("PP101", file, 0, "", f"cannot be written ({error.strerror})", remedy)


def _show_text(changed: Sequence[str], problems: Sequence[Problem], *, check: bool) -> None:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    for file in changed:
        click.echo(f"{file}: {'would change' if check else 'changed'}")


def _show_json(changed: Sequence[str], problems: Sequence[Problem], *, check: bool) -> None:
    answer = {"check": check, "changed": changed, "problems": list(map(str, problems))}
    click.echo(json.dumps(answer, indent=2))
