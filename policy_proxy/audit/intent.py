"""The last layer before the terminal: what is about to be done is on the disk before it is done."""

from __future__ import annotations

from collections.abc import Iterable

from policy_proxy.audit.record import intent
from policy_proxy.audit.sink import Sink
from policy_proxy.model import REQUEST, Environ, Request, StartResponse, WSGIApp


class Intent:
    """Records what was decided. The body has been read by now: nothing but the sending is left.

    :raises Unavailable: if that cannot be recorded; then nothing is sent.
    """

    def __init__(self, app: WSGIApp, sink: Sink) -> None:
        self._app = app
        self._sink = sink

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request: Request = environ[REQUEST]
        if self._sink.covers(request.method):
            self._sink.intend(intent(environ))
        return self._app(environ, start_response)
