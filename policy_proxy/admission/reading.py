"""Bodies read in bounded time, whatever the client and the server in between do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from policy_proxy.errors import RequestTimedOut, Unavailable
from policy_proxy.places import Places

PATIENCE = 0.5
"""Seconds that one waits while too many other bodies are read, in a burst."""
_RETRY = (("Retry-After", "1"),)

Read = Callable[[], bytes | None]


class Readers:
    """Lets so many bodies be read at the same time, each for so many seconds.

    granian waits for a body as long as it takes, and nothing can be done about a thread that waits
    with it. So another thread waits; the one that has the request answers in time, upon which
    granian closes the connection, and that ends the waiting. Other servers have time limits of
    their own, and some lend a body to no other thread.

    :param count: of bodies at a time.
    :param seconds: that one may take.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self._places = Places(count, PATIENCE)
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(count, "policy-proxy-body")

    def read(self, stream: Any, read: Read) -> bytes | None:
        """What `read` makes of `stream`, or raises.

        :raises Unavailable: if too many others are being read.
        :raises RequestTimedOut: if it takes too long.
        """
        if not self._places.take():
            raise Unavailable("The proxy reads too many other bodies.", headers=_RETRY)
        if not type(stream).__module__.startswith("granian"):
            try:
                return read()
            finally:
                self._places.give_back()
        reading = self._threads.submit(read)
        reading.add_done_callback(self._done)
        try:
            return reading.result(self._seconds)
        except TimeoutError:
            raise RequestTimedOut(f"The body took longer than {self._seconds:g} seconds.") from None

    def _done(self, _reading: Future[bytes | None]) -> None:
        self._places.give_back()
