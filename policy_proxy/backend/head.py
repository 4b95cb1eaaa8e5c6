"""The head of an answer: taken line by line, judged whole, believed in nothing.

Framing follows https://www.rfc-editor.org/rfc/rfc9112#section-6.3, except that whatever is
ambiguous there is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from policy_proxy import errors
from policy_proxy.model import Headers

MAX_BYTES = 64 * 1024
MAX_LINES = 200
"""Both count interim answers, blank lines and trailers, so that none of them can go on forever."""

BROKEN = "The service behind this proxy gave a broken answer."

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HOP_BY_HOP = frozenset({
    "connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


class Framing(Enum):
    """How the end of a body is found."""

    EMPTY = "the status has no body"
    COUNTED = "Content-Length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "the connection closes"


@dataclass(frozen=True, slots=True)
class Head:
    """`length` is the declared one. `ends_clean` is false if stray bytes may follow the answer."""

    status: int
    headers: Headers
    framing: Framing
    length: int | None
    ends_clean: bool


class HeadReader:
    """Collects lines until `head` is the final one; raises `errors.BackendFailed`."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self._lines: list[bytes] = []
        self._bytes = 0
        self._count = 0

    def feed(self, line: bytes) -> None:
        """Take one line with its line end. Lines after the final head are trailers: dropped."""
        self._bytes += len(line)
        self._count += 1
        if self._bytes > MAX_BYTES or self._count > MAX_LINES:
            raise broken(f"its head is larger than {MAX_BYTES} bytes or {MAX_LINES} lines")
        if self.head is not None:
            return
        if line.strip(b"\r\n"):
            self._lines.append(line)
            return
        head = parse(self._lines)
        self._lines = []
        if head.status == HTTPStatus.SWITCHING_PROTOCOLS:
            raise broken("it switches protocols")
        if head.status >= HTTPStatus.OK:  # below it are interim answers
            self.head = head


def parse(lines: Sequence[bytes]) -> Head:
    """A head from its lines, status line first.

    Invalid header lines are left out. Raises `errors.BackendFailed` if the status line or the
    framing is invalid, or a line is folded: where a header ends would be a guess.
    """
    match = _STATUS_LINE.fullmatch(_bare(lines[0])) if lines else None
    if match is None:
        raise broken("its status line is invalid")
    if any(line[:1] in b" \t" for line in lines[1:]):
        raise broken("it has a folded header")
    fields = [
        (found[1].decode("ascii").lower(), found[2].strip(b" \t").decode("latin-1"))
        for found in (_FIELD.fullmatch(_bare(line)) for line in lines[1:])
        if found
    ]
    declared = _values(fields, "content-length") + _values(fields, "transfer-encoding")
    framing, length = _framing(int(match[2]), fields, http11=match[1] == b"1")
    return Head(
        status=int(match[2]),
        headers=_end_to_end(fields),
        framing=framing,
        length=length,
        ends_clean=framing is not Framing.EMPTY or declared in ([], ["0"]),
    )


def broken(reason: str) -> errors.BackendFailed:
    """The failure of an answer that cannot be passed on; `reason` completes "the answer: it …"."""
    return errors.BackendFailed(BROKEN, private=f"the backend's answer was refused: {reason}")


def _framing(
    status: int, fields: list[tuple[str, str]], *, http11: bool
) -> tuple[Framing, int | None]:
    lengths = _values(fields, "content-length")
    codings = _values(fields, "transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise broken("it declares its length more than once")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise broken("its Content-Length is not a number")
    if codings and not (http11 and codings[0].lower() == "chunked"):
        raise broken("its Transfer-Encoding is not chunked")
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return Framing.EMPTY, 0
    if codings:
        return Framing.CHUNKED, None
    return (Framing.COUNTED, int(lengths[0])) if lengths else (Framing.UNTIL_CLOSE, None)


def _end_to_end(fields: list[tuple[str, str]]) -> Headers:
    named = {
        name.strip().lower() for value in _values(fields, "connection") for name in value.split(",")
    }
    return tuple(field for field in fields if field[0] not in _HOP_BY_HOP | named)


def _values(fields: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in fields if name == wanted]


def _bare(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")
