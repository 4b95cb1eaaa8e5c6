"""A line of a log → the audit record in it.

Only what every reader needs is checked here. A record of a known version has every field of that
version; what is in the fields is checked by whoever looks at them. Since version 3 a log has more
than the records of what became of requests: intents, and words of the log about itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from policy_proxy.audit.record import INTENT_EVENT, MARKS, OF_ANSWERS, REQUEST_EVENT, VERSION

Record = Mapping[str, Any]

VERSIONS = (1, 2, VERSION)
"""Those that are understood."""
ADDED: frozenset[str] = frozenset({"service_user_domain_id", "service_project_domain_id"})
"""What version 1 does not say of a token in `X-Service-Token`."""
_SERVICE_TOKEN = ("service_user_id", "service_project_id", "service_roles")
_START = b'{"version":'
_FIELDS = frozenset(
    {
        *("version", "time", "request_id", "outcome", "status", "duration_ms", "operation"),
        *("method", "path", "microversion", "client", "revision", "reason", "target"),
        *("user_id", "user_domain_id", "project_id", "project_domain_id", "domain_id"),
        *("system_scope", "roles", "is_admin_project", *_SERVICE_TOKEN, "credentials"),
    }
)
"""Those of version 1, which every version has."""
_ALL = _FIELDS | ADDED
_NEEDED = {1: _FIELDS, 2: _ALL, VERSION: _ALL | {"event"}}
_OTHERS = {INTENT_EVENT: _ALL - OF_ANSWERS, **dict.fromkeys(MARKS, frozenset({"time"}))}


class Kind(StrEnum):
    """Why a line gives no record, or none that is understood."""

    BROKEN = "broken"
    VERSION = "unknown version"
    OTHER = "no audit record"


class Unread(NamedTuple):
    """A line that gives no record.

    :param why: a few words for the operator, without anything from the line but a version.
    """

    kind: Kind
    why: str


def record_of(line: bytes) -> Record | Unread | None:
    """The record on the line; None if it has another entry, or no text at all."""
    found = entry_of(line)
    if found is None or isinstance(found, Unread) or event_of(found) == REQUEST_EVENT:
        return found
    return None


def event_of(entry: Record) -> str:
    """`request`, `intent`, or one of the marks."""
    return str(entry.get("event", REQUEST_EVENT))


def entry_of(line: bytes) -> Record | Unread | None:
    """The record, intent or mark on the line; None for a line without any text.

    A log puts words of its own before a record: it begins where its version does. The line of a log
    that has no record at all is `Kind.OTHER`.
    """
    start = 0 if line[:1] == b"{" else line.find(_START)
    if start < 0:
        return Unread(Kind.OTHER, "holds no audit record") if line.strip() else None
    try:
        found = _document(line[start:])
    except (ValueError, RecursionError):
        return Unread(Kind.BROKEN, "is no JSON")
    return _understood(found) if isinstance(found, dict) else Unread(Kind.BROKEN, "is no object")


def _understood(found: dict[str, Any]) -> Record | Unread:
    version = found.get("version")
    if version not in VERSIONS or type(version) is not int:
        return _of_no_version(version)
    needed = _NEEDED[version]
    if version == VERSION and found.get("event", REQUEST_EVENT) != REQUEST_EVENT:
        if str(found["event"]) not in _OTHERS:
            return Unread(Kind.BROKEN, f"is of no event that version {VERSION} has")
        needed = _OTHERS[str(found["event"])]
    if not found.keys() >= needed:
        return Unread(Kind.BROKEN, f"lacks {', '.join(sorted(needed - found.keys()))}")
    if version == 1 and not any(found[name] for name in _SERVICE_TOKEN):
        found.update(dict.fromkeys(ADDED, ""))  # they are not said, but known to be absent
    return found


def _document(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # a lone surrogate, which is no text to it
        return json.loads(text)


def _of_no_version(version: Any) -> Unread:
    if version is None:
        return Unread(Kind.OTHER, "holds no audit record")
    shown = version if isinstance(version, int) else type(version).__name__
    return Unread(Kind.VERSION, f"is of version {shown}, not of {' or '.join(map(str, VERSIONS))}")
