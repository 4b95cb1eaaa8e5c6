"""nginx's configuration, with what it includes, as crossplane parses it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import crossplane

from policy_proxy.cli.servers.entry import Entry, Unreadable


def entries(file: str) -> Iterator[Entry]:
    """Every directive. A file that nginx's main one would include may be read by itself.

    :raises Unreadable: if nginx would not take it, or a file that it includes is not there.
    """
    Path(file).read_bytes()  # that it cannot be read is told as of any other file
    found: dict[str, Any] = crossplane.parse(
        file, combine=True, strict=False, check_ctx=False, check_args=False
    )
    for error in found["errors"]:
        why = error["error"] or "ends within a directive"
        raise Unreadable(f"{error.get('file', file)}: {why}: mend it")
    numbers = itertools.count()
    for config in found["config"]:
        # crossplane does not say the file of a comment's neighbours, where there are odd semicolons
        named = ({"file": config["file"], **one} for one in config["parsed"])
        yield from _flat([*named], (), numbers)


def _flat(
    parsed: Sequence[dict[str, Any]], inside: tuple[str, ...], numbers: Iterator[int]
) -> Iterator[Entry]:
    for one in parsed:
        name, words = one["directive"], tuple(one["args"])
        shown = " ".join((name, *words))
        opens = f"{shown} #{next(numbers)}" if "block" in one else ""
        entry = Entry(f"{one['file']}:{one['line']}", name, words, inside, opens, shown)
        yield entry
        yield from _flat(one.get("block", ()), entry.block, numbers)
