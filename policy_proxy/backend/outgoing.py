"""The last look at a request before it leaves: only what cannot be misread gets onto the wire.

Whatever fails here is our own mistake, since everything outbound is built by this program: it is an
`errors.Internal`. No message repeats a value, which may be a token.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import filterfalse
from operator import itemgetter

from policy_proxy import errors
from policy_proxy.backend.messages import Outbound
from policy_proxy.model import Headers

METHODS_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
METHODS = METHODS_WITH_BODY | {"DELETE", "GET"}
OURS = frozenset({
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers about the connection or the framing: libcurl writes the ones that are needed."""

SUPPRESSED = [b"Accept:", b"Content-Type:", b"Expect:", b"User-Agent:"]
"""A name without a value keeps libcurl from adding a header of that name by itself."""

# Visible ASCII, without the fragment's sign: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
_TARGET = re.compile(r"/[!\"$-~]*")
# https://www.rfc-editor.org/rfc/rfc9110#section-5.1 and #section-5.5
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_name, _value = itemgetter(0), itemgetter(1)


def check(outbound: Outbound) -> None:
    """Raise `errors.Internal` if the request line or a header is not one that we may send."""
    if outbound.method not in METHODS:
        raise _internal(f"method {outbound.method!r} is never sent")
    if not _TARGET.fullmatch(outbound.target):
        raise _internal("the target is not an encoded path and query")
    for name in filterfalse(_may_be_sent, map(_name, outbound.headers)):
        raise _internal(f"header {name!r} is not to be sent")
    if not all(map(_VALUE.fullmatch, map(_value, outbound.headers))):
        name = next(name for name, value in outbound.headers if not _VALUE.fullmatch(value))
        raise _internal(f"the value of header {name!r} has a character that no header may have")


@lru_cache(maxsize=64)  # there are a handful
def _may_be_sent(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.lower() not in OURS


def header_lines(headers: Headers) -> list[bytes]:
    """The checked headers as libcurl takes them.

    An empty value needs a semicolon: https://curl.se/libcurl/c/CURLOPT_HTTPHEADER.html
    """
    if not headers:
        return SUPPRESSED
    lines = map(": ".join, headers)
    if not all(map(str.strip, map(_value, headers))):
        lines = map(_line, headers)
    return [*SUPPRESSED, *"\n".join(lines).encode("latin-1").split(b"\n")]


def _line(header: tuple[str, str]) -> str:
    name, value = header
    return f"{name}: {value}" if value.strip() else f"{name};"


def body(outbound: Outbound) -> bytes | None:
    """The body to be framed: empty, not absent, for the methods that are expected to have one."""
    if outbound.body is None and outbound.method in METHODS_WITH_BODY:
        return b""
    return outbound.body


def _internal(private: str) -> errors.Internal:
    return errors.Internal("The request could not be passed on.", private=private)
