"""The head of an answer: taken line by line, judged whole, believed in nothing.

Framing follows https://www.rfc-editor.org/rfc/rfc9112#section-6.3, except that whatever is
ambiguous there is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from itertools import compress
from operator import itemgetter, methodcaller, not_
from typing import NamedTuple

from policy_proxy import errors
from policy_proxy.model import Headers

MAX_BYTES = 64 * 1024
MAX_LINES = 200
"""Both count interim answers, blank lines and trailers, so that none of them can go on forever."""

BROKEN = "The service behind this proxy gave a broken answer."

_STATUS_LINE = re.compile(
    r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?\r?", re.ASCII
)
_FIELD = re.compile(
    r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r?$", re.ASCII | re.MULTILINE
)
_BLANK_LINE = re.compile(rb"^\r?\n", re.MULTILINE)
_BLANKS = (" ", "\t")
_SWITCHING_PROTOCOLS, _FINAL, _WITHOUT_BODY = 101, 200, (204, 304)
_LENGTH = re.compile(r"[0-9]{1,18}")
_HOP_BY_HOP = frozenset({
    "close", "connection", "content-length", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
_name, _value = itemgetter(0), itemgetter(1)
_stripped = methodcaller("strip", " \t")
_USUAL = ("keep-alive", "close")
"""What `Connection` says without naming a header that is not dropped anyhow."""


class Framing(Enum):
    """How the end of a body is found."""

    EMPTY = "the status has no body"
    COUNTED = "Content-Length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "the connection closes"


class Head(NamedTuple):
    """`length` is the declared one. `ends_clean` is false if stray bytes may follow the answer."""

    status: int
    headers: Headers
    framing: Framing
    length: int | None
    ends_clean: bool


def final(lines: Collection[bytes]) -> Head | None:
    """The final head among the lines of an answer so far; None while it is not complete.

    :param lines: with their line ends, those of interim answers before it and of trailers behind.
    :raises errors.BackendFailed: if the head must not be believed, or there are too many lines.
    """
    received = b"".join(lines)
    if len(lines) > MAX_LINES or len(received) > MAX_BYTES:
        raise broken(f"its head is larger than {MAX_BYTES} bytes or {MAX_LINES} lines")
    begin = 0
    while end := _BLANK_LINE.search(received, begin):
        head = parse(received[begin : end.start()])
        if head.status == _SWITCHING_PROTOCOLS:
            raise broken("it switches protocols")
        if head.status >= _FINAL:  # below it are interim answers
            return head
        begin = end.end()
    return None


def parse(received: bytes) -> Head:
    """A head from its lines, status line first, without the blank one at its end.

    Invalid header lines are left out. Raises `errors.BackendFailed` if the status line or the
    framing is invalid, or a line is folded: where a header ends would be a guess.
    """
    status_line, _, text = received.decode("latin-1").partition("\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise broken("its status line is invalid")
    if text[:1] in _BLANKS or "\n " in text or "\n\t" in text:
        raise broken("it has a folded header")
    found = _FIELD.findall(text)
    names = [*map(str.lower, map(_name, found))]
    fields = [*zip(names, map(_stripped, map(_value, found)), strict=True)]
    ends_here = [*map(_HOP_BY_HOP.__contains__, names)]
    own = [*compress(fields, ends_here)]
    headers = tuple(compress(fields, map(not_, ends_here)))
    lengths = [value for name, value in own if name == "content-length"]
    codings = [value for name, value in own if name == "transfer-encoding"]
    status = int(match[2])
    framing, length = _framing(status, lengths, codings, http11=match[1] == "1")
    return Head(
        status=status,
        headers=_without_named(headers, own),
        framing=framing,
        length=length,
        ends_clean=framing is not Framing.EMPTY or lengths + codings in ([], ["0"]),
    )


def _without_named(headers: Headers, own: list[tuple[str, str]]) -> Headers:
    """Those that `Connection` does not name."""
    lists = [value for name, value in own if name == "connection" and value not in _USUAL]
    named = {name.strip().lower() for value in lists for name in value.split(",")}
    return tuple([field for field in headers if field[0] not in named]) if named else headers


def broken(reason: str) -> errors.BackendFailed:
    """The failure of an answer that cannot be passed on; `reason` completes "the answer: it …"."""
    return errors.BackendFailed(BROKEN, private=f"the backend's answer was refused: {reason}")


def _framing(
    status: int, lengths: list[str], codings: list[str], *, http11: bool
) -> tuple[Framing, int | None]:
    if len(lengths) + len(codings) > 1:
        raise broken("it declares its length more than once")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise broken("its Content-Length is not a number")
    if codings and not (http11 and codings[0].lower() == "chunked"):
        raise broken("its Transfer-Encoding is not chunked")
    if status in _WITHOUT_BODY:
        return Framing.EMPTY, 0
    if codings:
        return Framing.CHUNKED, None
    return (Framing.COUNTED, int(lengths[0])) if lengths else (Framing.UNTIL_CLOSE, None)
