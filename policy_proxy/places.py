"""Places for those who may do something at the same time: who finds none free waits, and then goes.

How long one waits depends on whether waiting helps. A burst is over soon, so one waits. Where no
place was free for as long as that, waiting only keeps a thread, so one waits for hardly more than
it takes to give a place back: https://queue.acm.org/detail.cfm?id=2839461 ("Controlled Delay").
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock

HURRY = 0.1
"""Seconds that one waits where waiting does not help."""


class Places:
    """Any number of threads may share one.

    :param count: how many there are.
    :param patience: seconds that one waits for one of them, in a burst.
    :param hurry: the same once there was none free for that long.
    :param stall: seconds without any place given back after which nobody waits.
    :param crowd: of more than so many who wait each waits longer in a hurry, so that no more than
        that are refused in such a time: refusals take what those who are let in could use.
    """

    def __init__(
        self,
        count: int,
        patience: float,
        *,
        hurry: float = HURRY,
        stall: float = math.inf,
        crowd: int = 1_000_000,
    ) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)
        self._patience = patience
        self._hurry = hurry
        self._stall = stall
        self._crowd = crowd
        self._waiting = 0
        self._counting = Lock()
        self._full_since: float | None = None
        self._moved_at = time.monotonic()

    def take(self) -> bool:
        """Whether there was a place in time; it must be given back."""
        try:
            self._free.get_nowait()
        except Empty:
            return self._waited()
        self._full_since = None
        return True

    def give_back(self) -> None:
        self._moved_at = time.monotonic()
        self._free.put(None)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within, somebody else may have the place; at the end one waits for one to be free."""
        self.give_back()
        try:
            yield
        finally:
            self._free.get()

    def _waited(self) -> bool:
        with self._counting:
            self._waiting += 1
            waiting = self._waiting
        try:
            return self._found(self._hurry * max(1.0, waiting / self._crowd))
        finally:
            with self._counting:
                self._waiting -= 1

    def _found(self, hurry: float) -> bool:
        now = time.monotonic()
        since = self._full_since
        if since is None:
            since = self._full_since = now
        helps = now - since < self._patience
        until = now + (self._patience if helps else min(hurry, self._patience))
        while now < until:
            try:
                self._free.get(timeout=min(until - now, self._stall))
            except Empty:
                now = time.monotonic()
                if now - self._moved_at >= self._stall:
                    return False
            else:
                return True
        return False
