"""Says which field of a request is wrong, and how, without the schema and with no other data.

Placement passes on the text of jsonschema's ValidationError: the message, the failed part of the
schema and the failed part of the request, pretty-printed. It is only used to choose among what is
known here: the keyword, the phrase, the place in the schema (all public API documentation, from
placement/schemas), and the place in the request (which must exist in the client's own document).
The sentence is then written from those and from the client's own value at that place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

PATTERNS = (
    "^[0-9a-fA-F-]{36}$",
    "^[1-9][0-9]*$",
    "^[A-Z0-9_]+$",
    "^[A-Z0-9_]+$|^all|^unknown$",
    "^CUSTOM_[A-Z0-9_]+$",
    "^[a-zA-Z0-9_-]{1,64}$",
    "[a-zA-Z0-9_-]{1,64}",
    *(
        f"^{key}({group})?$"
        for group in ("[1-9][0-9]*", "[a-zA-Z0-9_-]{1,64}")
        for key in ("in_tree", "member_of", "required", "resources")
    ),
)
PROPERTIES = (
    "aggregates",
    "allocation_ratio",
    "allocations",
    "associated",
    "consumer_generation",
    "consumer_type",
    "generation",
    "group_policy",
    "in_tree",
    "inventories",
    "limit",
    "mappings",
    "max_unit",
    "member_of",
    "min_unit",
    "name",
    "parent_provider_uuid",
    "project_id",
    "required",
    "reserved",
    "resource_class",
    "resource_provider",
    "resource_provider_generation",
    "resources",
    "root_required",
    "same_subtree",
    "step_size",
    "total",
    "traits",
    "user_id",
    "uuid",
)
_SCHEMA_STEPS = tuple(
    f"[{step!r}]" for step in ("items", "patternProperties", "properties", *PROPERTIES, *PATTERNS)
)
_TYPES = (
    *("array", "integer", "null", "number", "object", "string"),
    *("integer', 'null", "integer', 'string"),
)
_EMPTY = ("should be non-empty", "does not have enough properties", "is too short")

PHRASES: Mapping[str, tuple[str, ...]] = {
    "anyOf": ("is not valid under any of the given schemas",),
    "enum": ("is not one of ['none', 'isolate']",),
    "format": ("is not a 'uuid'",),
    "maxLength": ("is too long",),
    "maximum": (
        "is greater than the maximum of 2147483647",
        "is greater than the maximum of 3.40282e+38",
    ),
    "minItems": _EMPTY,
    "minLength": _EMPTY,
    "minProperties": _EMPTY,
    "minimum": ("is less than the minimum of 0", "is less than the minimum of 1"),
    "pattern": tuple(f"does not match {pattern!r}" for pattern in PATTERNS),
    "type": tuple(f"is not of type '{name}'" for name in _TYPES),
    "uniqueItems": ("has non-unique elements",),
}

_FAILED = "  Failed validating '"
_IN_SCHEMA = "' in schema"
_PLACE = "  On instance"
_INDEX = re.compile(r"\[([0-9]{1,9})\]")
# The one field whose schema is an `anyOf`: jsonschema gives the path of an error in it from there.
_INSIDE_ANY_OF = "parent_provider_uuid"
_SHOWN_AT_MOST = 100  # characters of a key or value
_KEYS_AT_MOST = 8
_SEARCHED_AT_MOST = 2048  # characters searched for each of the client's keys


def rebuilt_failure(text: str, documents: Iterable[Any]) -> str | None:
    """jsonschema's `text` about one of the `documents`; None if it cannot be understood.

    :param documents: what may have been validated, most likely first.
    """
    message, failed, rest = text.partition(_FAILED)
    keyword, _, rest = rest.partition(_IN_SCHEMA)
    schema, _, place = rest.partition(_PLACE)
    for document in documents:
        if failed and (found := _followed(place, document)) is not None:
            wrong, path = _wrong(keyword, message, *found)
            rule = f"{keyword}{_IN_SCHEMA}{_schema_path(schema)}"
            return wrong and f"{wrong}{_FAILED}{rule}{_PLACE}{path}"
    return None


def _wrong(keyword: str, message: str, path: str, value: Any) -> tuple[str | None, str]:
    """What is wrong, None if that is not known, and the path to it."""
    wrong: str | None
    if keyword == "additionalProperties":
        wrong = _unexpected_keys(message, value) if isinstance(value, dict) else None
    elif keyword == "required":
        wrong = _ending(message, tuple(f"{name!r} is a required property" for name in PROPERTIES))
    else:
        if isinstance(value, dict) and not _is_about(message, value):
            path, value = f"{path}[{_INSIDE_ANY_OF!r}]", value.get(_INSIDE_ANY_OF)
        phrase = _ending(message, PHRASES.get(keyword, ()))
        wrong = f"{_literal(value)} {phrase}" if phrase and _is_about(message, value) else None
    return wrong, path


def _ending(message: str, phrases: Iterable[str]) -> str | None:
    return next((phrase for phrase in phrases if message.endswith(phrase)), None)


def _is_about(message: str, value: Any) -> bool:
    """Whether the message begins with the value, as jsonschema's do (a container: its bracket)."""
    if isinstance(value, (dict, list)):
        return message.startswith("{" if isinstance(value, dict) else "[")
    return _is_small(value) and message.startswith(repr(value))


def _literal(value: Any) -> str:
    """The client's value as jsonschema writes it, unless that is long."""
    if isinstance(value, (dict, list)) and value:
        return "this object" if isinstance(value, dict) else "this list"
    text = repr(value)
    return text if len(text) <= _SHOWN_AT_MOST else "this value"


def _is_small(value: Any) -> bool:
    """Whether it can be written out: Python refuses to write very long numbers."""
    return not isinstance(value, int) or value.bit_length() <= _SHOWN_AT_MOST


def _unexpected_keys(message: str, value: dict[str, Any]) -> str:
    start = message[:_SEARCHED_AT_MOST]
    keys = sorted(key for key in value if len(key) <= _SHOWN_AT_MOST and repr(key) in start)
    names = ", ".join(map(repr, keys[:_KEYS_AT_MOST])) or "a key"
    patterns = ", ".join(repr(pattern) for pattern in PATTERNS if repr(pattern) in message)
    if patterns:
        verb = "does" if len(keys) <= 1 else "do"
        return f"{names} {verb} not match any of the regexes: {patterns}"
    verb = "was" if len(keys) <= 1 else "were"
    return f"Additional properties are not allowed ({names} {verb} unexpected)"


def _schema_path(text: str) -> str:
    """The path that `text` begins with, as far as it is one of steps that we know."""
    path = ""
    while step := next((step for step in _SCHEMA_STEPS if text.startswith(step, len(path))), ""):
        path += step
    return path


def _followed(place: str, document: Any) -> tuple[str, Any] | None:
    """The path that `place` begins with, such as `['a'][0]`, and what it leads to."""
    value, rest = document, place
    while rest.startswith("["):
        step = _step(rest, value)
        if step is None:
            return None
        value = value[step]
        rest = rest[len(f"[{step!r}]") :]
    return (place[: len(place) - len(rest)], value) if rest.startswith(":") else None


def _step(rest: str, value: Any) -> str | int | None:
    """The key or index of `value` that `rest` begins with."""
    if isinstance(value, dict):
        short = (key for key in value if len(key) <= _SHOWN_AT_MOST)
        return next((key for key in short if rest.startswith(f"[{key!r}]")), None)
    index = _INDEX.match(rest)
    if index and isinstance(value, list) and int(index[1]) < len(value):
        return int(index[1])
    return None
