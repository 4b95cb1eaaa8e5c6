"""JSON that has one reading: RFC 8259 with what I-JSON (RFC 7493) rules out."""

from __future__ import annotations

import codecs
import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

import orjson

from policy_proxy.errors import Malformed

_LARGEST = 2**63 - 1
_LONGEST_INTEGER = len(str(-_LARGEST))

MOST_VALUES = 500_000
"""Parsed, a value can take a hundred times its bytes. A body of two megabytes, the allocations of
10,000 consumers, has some 100,000.
"""

_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_STEPS = {ord("["): 1, ord("]"): -1}
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - {*b'[]{},"'})
_BLANKS = b" \t\n\r"
_NOT_PLAIN = object()


def loads(body: bytes, max_depth: int) -> Any:
    """The object or list in `body`.

    :param max_depth: levels of nesting allowed, the outermost counted.
    :raises Malformed: for anything that is not JSON; for what parsers read differently (members
        of one name, numbers beyond 64 bits, encodings other than UTF-8); for what databases
        cannot store (NUL, lone surrogates); for too many values, and for too deep a nesting, before
        anything recurses.
    """
    if not body:
        _refuse("the body is empty")
    if body.startswith(codecs.BOM_UTF8):
        _refuse("the body begins with a byte order mark")
    # Looking for one byte takes a seventieth of the time of looking for two.
    escapes = b"\\" in body
    marks = _marks(_unescaped(body) if escapes else body)
    brackets = _brackets(marks)
    if not _closes_within(max_depth, brackets) and _depth(brackets) > max_depth:
        _refuse(f"it is nested more than {max_depth} levels deep")
    if marks.count(b",") + marks.count(b"[") > MOST_VALUES:  # each value follows one of them
        _refuse(f"it has more than {MOST_VALUES} values")
    document = _NOT_PLAIN if escapes else _plain(body)
    if document is _NOT_PLAIN:
        document = _decoded(body)
    if not isinstance(document, dict | list):
        _refuse("the body must be an object or a list")
    return document


def _decoded(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        _refuse("the body is not UTF-8")
    except json.JSONDecodeError as error:
        _refuse(f"unexpected content at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse("it is nested too deeply")


def _plain(body: bytes) -> Any:
    """The document, if the body is plainly what a serializer writes; _NOT_PLAIN if that takes a
    closer look, and a slower parser.

    A document that is written again comes out the same, blanks apart, only if nothing was lost when
    it was read: no member for another of its name, no digit of a number. The second parser refuses
    by itself what is no JSON, NaN, infinities, and integers beyond 53 bits in what it writes.

    :param body: without escapes, so that nothing but spaces in its strings is blank once more.
    """
    try:
        document = orjson.loads(body)
        again = orjson.dumps(document, option=orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _NOT_PLAIN
    same = again == body or again.replace(b" ", b"") == body.translate(None, _BLANKS)
    return document if same else _NOT_PLAIN


def _unescaped(body: bytes) -> bytes:
    """The body without its escaped backslashes and quotes.

    :raises Malformed: for an escape of what cannot be stored.
    """
    # Every backslash that is left now begins an escape of its own.
    unescaped = body.replace(b"\\\\", b"_")
    if _UNSTORABLE.search(_PAIR.sub(b"", unescaped)):
        _refuse("a string holds a NUL character or half of a surrogate pair")
    return unescaped.replace(rb"\"", b"")


def _marks(unescaped: bytes) -> bytes:
    """Its commas, quotes and brackets, these all of one kind."""
    return unescaped.translate(_ONE_KIND, _NO_MARKS)


def _brackets(marks: bytes) -> bytes:
    """The brackets outside strings."""
    # A pair of quotes side by side is an empty string, or joins two strings: neither matters.
    skeleton = marks.translate(None, b",").replace(b'""', b"")
    return b"".join(skeleton.split(b'"')[::2])


def _closes_within(levels: int, brackets: bytes) -> bool:
    """Whether nothing is left when the innermost pairs are taken away so many times."""
    for _ in range(levels):
        left = brackets.replace(b"[]", b"")
        if len(left) == len(brackets):
            break
        brackets = left
    return not brackets


def _depth(brackets: bytes) -> int:
    """How deep they go, whether or not they close."""
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        _refuse("an object has two members of the same name")
    return result


def _integer(text: str) -> int:
    # Python refuses to read thousands of digits, so their number comes first
    if len(text) > _LONGEST_INTEGER or not -_LARGEST - 1 <= (value := int(text)) <= _LARGEST:
        _refuse("a number is too large")
    return value


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        _refuse("a number is too large")
    return value


def _constant(name: str) -> NoReturn:
    _refuse(f"{name} is no number in JSON")


def _refuse(why: str) -> NoReturn:
    raise Malformed(f"Malformed JSON: {why}") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
