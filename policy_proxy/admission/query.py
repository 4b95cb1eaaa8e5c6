"""The query as a list of pairs, with one reading and one spelling."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urlencode

from policy_proxy.errors import Malformed
from policy_proxy.model import Pairs

MOST_PAIRS = 1000
"""Each takes much longer than the two characters that it may be written with. nova asks for its
largest instances with some hundred."""
_RAW = re.compile(r"(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INVALID = "Invalid query string parameters"


def parse(raw: str) -> Pairs:
    """The decoded pairs in the client's order; a name without `=` has the empty value.

    :param raw: QUERY_STRING, as sent.
    :raises Malformed: for more pairs than `MOST_PAIRS`, and for anything that parsers disagree on:
        `;` separates pairs for WebOb and is part of a value for the URL standard
        (https://url.spec.whatwg.org/#urlencoded-parsing).
    """
    if not raw:
        return ()
    if ";" in raw:
        raise Malformed(f"{_INVALID}: a semicolon must be written as %3B.")
    if not _RAW.fullmatch(raw):
        raise Malformed(f"{_INVALID}: a character is not percent-encoded as it should be.")
    if raw.count("&") >= MOST_PAIRS:
        raise Malformed(f"{_INVALID}: there are more than {MOST_PAIRS}.")
    pieces = (piece.partition("=") for piece in raw.split("&") if piece)
    return tuple((_decoded(name), _decoded(value)) for name, _, value in pieces)


def canonical(pairs: Pairs) -> str:
    """The query string from which every parser reads `pairs` again."""
    return urlencode(pairs, quote_via=quote, safe="") if pairs else ""


def _decoded(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{_INVALID}: a value is not UTF-8.") from None
    if _CONTROL.search(decoded):
        raise Malformed(f"{_INVALID}: a value holds a control character.")
    return decoded
