"""One record for each request, whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

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

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            entry.status = int(status[:3])
            return start_response(status, headers, exc_info)

        try:
            body = self._app(environ, start)
        except Refusal as refusal:
            entry.write(refusal.outcome, refusal.status)
            raise
        except BaseException:  # whatever it is, there is a record; the barrier outside answers it
            entry.write(Internal.outcome, Internal.status)
            raise
        if isinstance(body, list):
            entry.write_answered()
            return body
        return _Recorded(body, entry)


class _Entry:
    """Writes its record once, however often it is told to.

    `status` is that of the answer, once it has started.
    """

    def __init__(self, environ: Environ, sink: Sink) -> None:
        self._environ = environ
        self._sink = sink
        self._started = time.monotonic()
        self._written = False
        self.status = Internal.status

    def write(self, outcome: str, status: int) -> None:
        if not self._written:
            self._written = True
            elapsed = (time.monotonic() - self._started) * 1000
            self._sink(record(self._environ, outcome, status, elapsed))

    def write_answered(self) -> None:
        self.write(outcome_of(self._environ), self.status)


class _Recorded:
    """A streamed body: it is known how it ended when it has ended, or when nobody wants more."""

    def __init__(self, body: Iterable[bytes], entry: _Entry) -> None:
        self._body = body
        self._entry = entry

    def __iter__(self) -> Iterator[bytes]:
        held = b""
        try:
            for chunk in self._body:
                if held:
                    yield held
                held = chunk
        except Exception:  # only recorded here: going on up, it breaks the client's connection
            self._entry.write(Internal.outcome, self._entry.status)
            raise
        self._entry.write_answered()
        if held:
            yield held

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
        self._entry.write_answered()
