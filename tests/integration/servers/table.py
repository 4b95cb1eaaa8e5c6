"""What was seen of each server: kept in docs/servers.json, from which docs/servers.md is made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
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


def write(seen: Iterable[Seen], servers: dict[str, str]) -> None:
    """Keep what was seen of these servers, name -> version; of others what was kept before.

    Rows stay where they are; one that nothing was seen of goes, new ones come last.
    """
    new: Kept = {}
    for heading, row, server, told in seen:
        new.setdefault(heading, {}).setdefault(row, {})[server] = told
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    before: Kept = old.get("seen", {})
    versions = {**old.get("versions", {}), **servers}
    merged = {
        heading: {
            row: {
                name: told
                for name in versions
                if (told := _one(new if name in servers else before, heading, row, name))
            }
            for row in {**before.get(heading, {}), **rows}
            if row in rows
        }
        for heading, rows in _in_order(before, new).items()
    }
    text = json.dumps({"versions": versions, "seen": merged}, indent=1, ensure_ascii=False)
    FILE.write_text(f"{text}\n", encoding="utf-8")


def _in_order(before: Kept, new: Kept) -> Kept:
    return {heading: new[heading] for heading in {**before, **new} if heading in new}


def _one(kept: Kept, heading: str, row: str, server: str) -> str:
    return kept.get(heading, {}).get(row, {}).get(server, "")
