"""What becomes of a connection whose request was answered before its body was read.

granian closes it, since what comes next on it is not a request, and mostly without a word: a client
that keeps connections open sends its next request into nothing. So the answer says it (RFC 9112,
section 9.6). To read the body first would let whoever has no token hold a thread with a slow one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from policy_proxy.model import Environ, StartResponse, WSGIApp

LAST = ("Connection", "close")
"""Says of an answer that it is the last one on its connection."""


class _Body:
    """Notes whether it has been read to its end. `read` is all that the chain uses.

    :param length: bytes; None if it ends when nothing more comes.
    """

    def __init__(self, read: Callable[..., bytes], length: int | None) -> None:
        self._read = read
        self._left = length
        self.ended = length == 0

    def read(self, *size: int) -> bytes:
        got = self._read(*size)
        if self._left is not None:
            self._left -= len(got)
            self.ended = self._left <= 0
        elif not got or not size or len(got) < size[0]:
            self.ended = True
        return got


class Unread:
    """The application; an answer to a request whose body was not read is the last one."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        if not chunked and length in ("", "0"):
            return self._app(environ, start_response)
        known = int(length) if length.isdecimal() and not chunked else None
        body = _Body(environ["wsgi.input"].read, known)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, headers if body.ended else [*headers, LAST], *more)

        return self._app(environ | {"wsgi.input": body}, start)
