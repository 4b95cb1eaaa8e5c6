"""Who put which policy in force, and when: a JSON object a line, in a file beside the policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

VERSION = 1
KINDS = ("promote", "rollback", "failed", "interrupted")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    :param time: in ISO 8601.
    :param kind: `promote` or `rollback` of what is in force since; `failed` for either, if the file
        was put back; `interrupted` if it ended before it was known which.
    :param user: the name of the process's user; `sudo_user` of whoever became that by sudo.
    :param file: the policy file that was replaced.
    :param before: the revision before, `after` the one that took its place, or was to; empty if the
        files had an error.
    :param changes: how many operations allow more (`gained`), less, and so on, as `policy diff`
        counts them; empty if nothing was compared.
    :param workers: how many of the proxy reported it; 0 if they were not waited for.
    :param reason: why it failed; empty if it did not.
    """

    time: str
    kind: str
    user: str
    sudo_user: str
    host: str
    file: str
    before: str
    after: str
    changes: Mapping[str, int] = field(default_factory=dict)
    workers: int = 0
    reason: str = ""
    version: int = VERSION


def line(entry: Entry) -> bytes:
    """The entry as it stands in the file, with the end of the line."""
    return json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"


def entries(content: bytes) -> tuple[list[Entry], int]:
    """The entries of a file, the oldest first, and how many lines are none: of a write that was cut
    off, or of another version.
    """
    lines = content.splitlines()
    found = [entry for entry in map(_entry, lines) if entry]
    return found, len(lines) - len(found)


def told(some: Iterable[Entry]) -> list[dict[str, Any]]:
    """The entries as JSON values."""
    return [asdict(entry) for entry in some]


def _entry(text: bytes) -> Entry | None:
    try:
        known = json.loads(text)
        entry = Entry(**{each.name: known[each.name] for each in fields(Entry)})
    except (ValueError, LookupError, TypeError):
        return None
    return entry if entry.version == VERSION and entry.kind in KINDS else None
