"""What was seen of each server: kept in docs/servers.json, from which docs/servers.md is made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

VARIABLE = "TEST_SERVERS"
"""`all`: the long tests too; `write`: those, and what they see is kept. Unset: what CI runs."""
FILE = Path(__file__).parents[3] / "docs" / "servers.json"

Kept = dict[str, dict[str, dict[str, str]]]
"""Heading -> row -> server -> what was seen."""
Seen = Sequence[str]
"""The same as one list of four."""


def everything() -> bool:
    return os.environ.get(VARIABLE) in {"all", "write"}


def writing() -> bool:
    return os.environ.get(VARIABLE) == "write"


def kept() -> Kept:
    found: Kept = json.loads(FILE.read_text(encoding="utf-8"))["seen"] if FILE.exists() else {}
    return found


def write(seen: Iterable[Seen], versions: Mapping[str, str], *, whole: bool) -> None:
    """Keep what was seen. Rows stay where they are, new ones come last.

    :param versions: of the installed servers, by name.
    :param whole: whether all tests of each server that was seen have run: then what they kept
        before and did not see now is no longer true.
    """
    seen = [*seen]
    fresh = {name for _, _, name, _ in seen}
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    merged: Kept = {}
    for heading, rows in old.get("seen", {}).items():
        for row, cells in rows.items():
            stay = {name: told for name, told in cells.items() if not (whole and name in fresh)}
            merged.setdefault(heading, {})[row] = stay
    for heading, row, name, told in seen:
        merged.setdefault(heading, {}).setdefault(row, {})[name] = told
    document = {
        "versions": old.get("versions", {}) | {name: versions[name] for name in sorted(fresh)},
        "seen": {
            heading: {row: dict(sorted(cells.items())) for row, cells in rows.items() if cells}
            for heading, rows in merged.items()
        },
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    FILE.write_text(f"{text}\n", encoding="utf-8")
