"""The head of an answer: taken line by line, judged whole, believed in nothing.

Framing follows https://www.rfc-editor.org/rfc/rfc9112#section-6.3, except that whatever is
ambiguous there is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from policy_proxy import errors
from policy_proxy.model import Headers

MAX_BYTES = 64 * 1024
MAX_LINES = 200
"""Both count interim answers, blank lines and trailers, so that none of them can go on forever."""

BROKEN = "The service behind this proxy gave a broken answer."

_STATUS_LINE = re.compile(
    r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?\r?\n?", re.ASCII
)
_FIELD = re.compile(
    r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r?$", re.ASCII | re.MULTILINE
)
_BLANKS = (" ", "\t")
_SWITCHING_PROTOCOLS, _FINAL, _WITHOUT_BODY = 101, 200, (204, 304)
_LENGTH = re.compile(r"[0-9]{1,18}")
_ENDS = (b"\r\n", b"\n", b"")
_LONGEST_END = 2
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


def final(lines: Sequence[bytes]) -> Head | None:
    """The final head among the lines of an answer so far; None while it is not complete.

    :param lines: with their line ends, those of interim answers before it and of trailers behind.
    :raises errors.BackendFailed: if the head must not be believed, or there are too many lines.
    """
    if len(lines) > MAX_LINES or sum(map(len, lines)) > MAX_BYTES:
        raise broken(f"its head is larger than {MAX_BYTES} bytes or {MAX_LINES} lines")
    begin = 0
    for end, line in enumerate(lines):
        if len(line) <= _LONGEST_END and line in _ENDS:
            head = parse(lines[begin:end])
            if head.status == _SWITCHING_PROTOCOLS:
                raise broken("it switches protocols")
            if head.status >= _FINAL:  # below it are interim answers
                return head
            begin = end + 1
    return None


def parse(lines: Sequence[bytes]) -> Head:
    """A head from its lines, status line first.

    Invalid header lines are left out. Raises `errors.BackendFailed` if the status line or the
    framing is invalid, or a line is folded: where a header ends would be a guess.
    """
    match = _STATUS_LINE.fullmatch(lines[0].decode("latin-1")) if lines else None
    if match is None:
        raise broken("its status line is invalid")
    text = b"".join(lines[1:]).decode("latin-1")
    if text[:1] in _BLANKS or "\n " in text or "\n\t" in text:
        raise broken("it has a folded header")
    headers: list[tuple[str, str]] = []
    ours: dict[str, list[str]] = {}
    for written, value in _FIELD.findall(text):
        name = written.lower()
        if name in _HOP_BY_HOP:
            ours.setdefault(name, []).append(value.strip(" \t"))
        else:
            headers.append((name, value.strip(" \t")))
    status = int(match[2])
    lengths, codings = ours.get("content-length", []), ours.get("transfer-encoding", [])
    framing, length = _framing(status, lengths, codings, http11=match[1] == "1")
    return Head(
        status=status,
        headers=_end_to_end(headers, ours.get("connection", [])),
        framing=framing,
        length=length,
        ends_clean=framing is not Framing.EMPTY or lengths + codings in ([], ["0"]),
    )


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


def _end_to_end(headers: list[tuple[str, str]], connection: list[str]) -> Headers:
    """Without those that `Connection` names."""
    named = {name.strip().lower() for value in connection for name in value.split(",")}
    return tuple([field for field in headers if field[0] not in named])
