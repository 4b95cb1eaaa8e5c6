"""A body that nobody has read to its end makes an answer the last one on its connection.

granian then closes the connection, but does not say so. A proxy in front would keep it, and the
next request that it sends there, somebody else's, would be lost (RFC 9112, section 9.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.serving.draining import LAST


class Unread:
    """The application; its answers say that they are the last where a body is left over."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        if not length and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._app(environ, start_response)
        body = environ["wsgi.input"] = _Counted(environ["wsgi.input"])

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if str(body.count) != length and LAST not in headers:
                headers = [*headers, LAST]
            return start_response(status, headers, *more)

        return self._app(environ, start)


class _Counted:
    """A body, and how many bytes of it were read."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._body.read(size)
        self.count += len(piece)
        return piece
