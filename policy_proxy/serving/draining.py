"""How a worker ends without a client that is left without an answer.

A server cannot close a connection that is kept alive without the risk that a request is on its way
on it. It can only say with an answer that it was the last one (RFC 9112, section 9.6), and wait.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.serving import closing
from policy_proxy.serving.unread import LAST

_LOG = logging.getLogger(__name__)
_LOOK = 0.05
"""Seconds."""
_REMINDER = 1.0
"""Seconds."""


class Ending:
    """The application; from `begin` on, each answer is the last one on its connection."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app
        self._ending = False

    def begin(self) -> None:
        self._ending = True

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._ending:
            return self._app(environ, start_response)
        return self._app(environ, partial(_last, start_response))


def _last(
    start_response: StartResponse, status: str, headers: list[tuple[str, str]], *more: Any
) -> Any:
    return start_response(status, [*headers, LAST], *more)


def drain(fd: int, address: object, *, before: Callable[[], None], patience: float) -> None:
    """Have the server of this process end as soon as it has no more connections. Returns at once.

    :param fd: the descriptor that it accepts connections from.
    :param address: the listener's.
    :param before: what goes on while it still accepts connections.
    :param patience: seconds after that in which idle connections may be used once more. Then they
        are closed; requests in flight are finished all the same.
    """
    arguments = (fd, address, before, patience)
    threading.Thread(target=_drain, args=arguments, name="drain", daemon=True).start()


def _drain(fd: int, address: object, before: Callable[[], None], patience: float) -> None:
    try:
        before()
        closing.stop_accepting(fd)
    except OSError as error:
        _LOG.warning("connections are accepted until the end: %s", error.strerror)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and closing.connections(address):
        time.sleep(_LOOK)
    while signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # granian is not there yet
        time.sleep(_LOOK)
    # Twice, since one that is just about to serve forgets what it is told (granian 2.8), and not
    # more often: the third would be waited for until the end, by the thread that holds Python.
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_REMINDER)
