"""Places for those who may do something at the same time: who finds none free waits for a moment.

How long depends on whether waiting helps. A burst is over soon, so one waits. Where no place was
free for as long as that, waiting only keeps a thread, so one waits for hardly more than it takes to
give a place back: https://queue.acm.org/detail.cfm?id=2839461 ("Controlled Delay").
"""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore

HURRY = 0.1
"""Seconds that one waits where waiting does not help. With as many who wait as there are threads to
spare it also says how many refusals there are in a second, which cost time as well."""


class Places:
    """Any number of threads may share one.

    :param count: how many there are.
    :param patience: seconds that one waits for one of them, in a burst.
    :param waiting: how many may wait so at a time; the others wait before them, without a limit.
    """

    def __init__(self, count: int, patience: float, waiting: int = 1_000_000) -> None:
        self._free = _filled(count)
        self._waiting = BoundedSemaphore(waiting)
        self._patience = patience
        self._full_since: float | None = None

    def take(self) -> bool:
        """Whether there was a place in time; it must be given back."""
        try:
            self._free.get_nowait()
        except Empty:
            return self._waited()
        self._full_since = None
        return True

    def give_back(self) -> None:
        self._free.put(None)

    def take_back(self) -> None:
        """Wait for a place, as long as it takes: for those who had one and lent it."""
        self._free.get()

    def _waited(self) -> bool:
        with self._waiting:
            return self._waited_in_turn()

    def _waited_in_turn(self) -> bool:
        now = time.monotonic()
        since = self._full_since
        if since is None:
            since = self._full_since = now
        helps = now - since < self._patience
        try:
            self._free.get(timeout=self._patience if helps else min(HURRY, self._patience))
        except Empty:
            return False
        return True


def _filled(count: int) -> SimpleQueue[None]:
    free: SimpleQueue[None] = SimpleQueue()
    for _ in range(count):
        free.put(None)
    return free
