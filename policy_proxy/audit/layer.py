"""One record for each request, whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import webob

from policy_proxy.audit.record import outcome_of, record
from policy_proxy.audit.sink import Sink
from policy_proxy.errors import Internal, Refusal
from policy_proxy.model import Environ, StartResponse, WSGIApp


class Audit:
    """Record the request when its answer is known, and before the answer's last byte goes out."""

    def __init__(self, app: WSGIApp, sink: Sink) -> None:
        self._app = app
        self._sink = sink

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        entry = _Entry(environ, self._sink)
        try:
            status, headers, body = webob.Request(environ).call_application(self._app)
        except Refusal as refusal:
            entry.write(refusal.outcome, refusal.status)
            raise
        except BaseException:
            entry.write(Internal.outcome, Internal.status)
            raise
        start_response(status, headers)
        code = int(status.split(" ", 1)[0])
        if isinstance(body, list):
            entry.write(outcome_of(environ), code)
            return body
        return _Recorded(body, entry, code)


class _Entry:
    """Writes its record once, however often it is told to."""

    def __init__(self, environ: Environ, sink: Sink) -> None:
        self._environ = environ
        self._sink = sink
        self._started = time.monotonic()
        self._written = False

    def write(self, outcome: str, status: int) -> None:
        if not self._written:
            self._written = True
            elapsed = (time.monotonic() - self._started) * 1000
            self._sink(record(self._environ, outcome, status, elapsed))

    def write_allowed(self, status: int) -> None:
        self.write(outcome_of(self._environ), status)


class _Recorded:
    """A streamed body: it is known how it ended when it has ended, or when nobody wants more."""

    def __init__(self, body: Iterable[bytes], entry: _Entry, status: int) -> None:
        self._body = body
        self._entry = entry
        self._status = status

    def __iter__(self) -> Iterator[bytes]:
        held = b""
        try:
            for chunk in self._body:
                if held:
                    yield held
                held = chunk
        except Exception:
            self._entry.write(Internal.outcome, self._status)
            raise
        self._entry.write_allowed(self._status)
        if held:
            yield held

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
        self._entry.write_allowed(self._status)
