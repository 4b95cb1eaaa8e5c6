"""A past request: its audit record, found in a log."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from policy_proxy.audit.logs import LogError, files, lines
from policy_proxy.audit.reading import VERSIONS
from policy_proxy.audit.record import INTENT_EVENT
from policy_proxy.cli.output import fail
from policy_proxy.model import Identity, Target

INTENDED = "intended"
"""Stands for the outcome of a request of which only the intent was recorded: the proxy was killed,
perhaps, while it waited for Placement."""
_NOBODY = dataclasses.asdict(Identity())


@dataclass(frozen=True, slots=True)
class Past:
    """What the audit record says.

    :param same_id: how many records have this id; a client can send its own.
    """

    request_id: str
    time: str
    route: str
    rule: str
    outcome: str
    status: int
    revision: str
    identity: Identity
    target: Target
    same_id: int


def past(named: Sequence[str], request_id: str) -> Past:
    """The request with this id; the last one, if there are several.

    Ends the command with exit code 1 if the logs do not have it, or one cannot be read.

    :param named: logs, as `log_options` takes them: audit records, a line each, with anything
        before them on the line; plain or packed.
    """
    log = ", ".join(named)
    unread: list[str] = []
    try:
        entries = list(_entries(files(named), request_id, unread))
    except LogError as error:
        unread, entries = [str(error)], []
    every = [entry for entry in entries if entry["request_id"] == request_id]
    found = [entry for entry in every if entry.get("event") != INTENT_EVENT] or every
    if not found and unread:
        fail([f"{why}: give an audit file, or a log with audit records" for why in unread])
    if not found:
        fail([f"{log}: no audit record has the request id {request_id}: name the log of that time"])
    last = max(reversed(found), key=_time)
    try:
        return _past(last, len(found))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        known = " or ".join(map(str, VERSIONS))
        fail([f"{log}: the record of {request_id} is none of version {known} ({error!r})"])


def _time(entry: dict[str, Any]) -> str:
    """Files that were rotated come in any order; of one time it is the line that comes last."""
    return str(entry.get("time", ""))


def _entries(paths: Iterable[str], request_id: str, unread: list[str]) -> Iterator[dict[str, Any]]:
    """
    :param unread: where a line cannot be read, or a log not to its end, is added to it, and why.
    :raises LogError: if one of the logs cannot be opened.
    """
    wanted = request_id.encode()
    for file, number, line, why in lines(paths):
        if line is None:
            unread.append(f"{file}:{number}: {why}")
        elif wanted in line and b"{" in line:
            try:
                entry = json.loads(line[line.index(b"{") :])
            except ValueError:
                continue  # a line of the log that is no record
            if isinstance(entry, dict) and "request_id" in entry:
                yield entry


def _past(entry: dict[str, Any], same_id: int) -> Past:
    if entry["version"] not in VERSIONS:
        raise ValueError(f"version {entry['version']}")
    ended = entry.get("event") != INTENT_EVENT
    return Past(
        request_id=entry["request_id"],
        time=entry["time"],
        route=f"{entry['method']} {entry['path']}",
        rule=entry["operation"],
        outcome=entry["outcome"] if ended else INTENDED,
        status=entry["status"] if ended else 0,
        revision=entry["revision"],
        identity=_identity(entry),
        target={str(name): str(value) for name, value in entry["target"].items()},
        same_id=same_id,
    )


def _identity(entry: dict[str, Any]) -> Identity:
    """The caller; the record leaves out what an audit does not need, such as names.

    :raises TypeError: for a value that is none of an identity.
    """
    known = {
        name: _checked(entry[name], nothing) for name, nothing in _NOBODY.items() if name in entry
    }
    return Identity(**known)


def _checked(value: Any, nothing: Any) -> Any:
    """The value, if it is of the same type as the empty one is."""
    if isinstance(nothing, tuple):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif type(value) is type(nothing):
        return value
    raise TypeError(f"{value!r} is none of a caller")
