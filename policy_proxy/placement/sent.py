"""What a client itself sent: the only values that an error may tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from policy_proxy.model import Request

_UUID = re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")
_UUID_LENGTHS = range(32, 37)  # looked at first: a body may hold a million values
_GROUP_KEY = re.compile(r"(?:resources|required|member_of|in_tree)(.+)")
_MARKS = re.compile(r"[,:!]")
_LARGEST = 2**64  # larger numbers are in no field of Placement, and Python may not write them out


def sent_among(wanted: Set[str], request: Request | None) -> frozenset[str]:
    """Those of the `wanted` values that are in the request, each whole: as a path parameter, as
    the microversion, in the query (a key, its group suffix, a value, or an item of a value that
    is a list) or in the body (a key or a value).

    UUIDs are compared in any of the spellings that Placement normalises.
    """
    missing = {_one_spelling(value) for value in wanted}
    found = set()
    for value in _values(request) if request and missing else ():
        spelling = _one_spelling(value)
        if spelling in missing:
            missing.remove(spelling)
            found.add(spelling)
            if not missing:
                break
    return frozenset(value for value in wanted if _one_spelling(value) in found)


def _one_spelling(value: str) -> str:
    if len(value) in _UUID_LENGTHS and _UUID.fullmatch(value):
        return value.replace("-", "").lower()
    return value


def _values(request: Request) -> Iterator[str]:
    yield request.microversion
    yield from request.params.values()
    for key, value in request.query:
        yield key
        if group := _GROUP_KEY.fullmatch(key):
            yield group[1]
        yield value
        yield from (item.strip() for item in value.split(","))
        yield from (item.strip() for item in _MARKS.split(value))
    yield from _document_values(request.document)


def _document_values(document: Any) -> Iterator[str]:
    """Keys and leaves, without recursion: a document may be nested as deep as it likes."""
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield from node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, str):
            yield node
        elif isinstance(node, int) and abs(node) >= _LARGEST:
            continue
        else:
            yield str(node)
