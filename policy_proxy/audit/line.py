"""A record as it is written: one line of ASCII."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

_in_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def encoded(record: Mapping[str, Any]) -> bytes:
    """Without the end of the line; whatever is no ASCII is escaped, lone surrogates too."""
    try:
        line = orjson.dumps(record)
    except orjson.JSONEncodeError:  # a lone surrogate, which is no text to it
        return _in_ascii(record).encode()
    return line if line.isascii() else _in_ascii(record).encode()


def as_line(record: Mapping[str, Any]) -> str:
    """The same as a text."""
    return encoded(record).decode()
