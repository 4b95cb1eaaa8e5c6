"""Serves a WSGI application over a real socket, from threads of the test process."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """As other servers have it: wsgiref makes up a content type where there is none."""
        environ = super().get_environ()
        if self.headers.get("Content-Type") is None:
            del environ["CONTENT_TYPE"]
        return environ

    def log_message(self, *_args: object) -> None:
        """Silence: what the tests want to know they ask."""


@contextmanager
def serving(application: Application) -> Iterator[str]:
    """Serve on a free loopback port; gives the base URL, without a slash at its end."""
    with make_server("127.0.0.1", 0, _body_first(application), _Server, _Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _body_first(application: Application) -> Application:
    """Closing a socket with unread bytes resets the connection before the client has its answer."""

    def reading(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        return application(environ, start_response)

    return reading
