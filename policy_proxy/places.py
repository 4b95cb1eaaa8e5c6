"""Places for those who may do something at the same time: who finds none free waits in line.

How long one waits depends on whether waiting helps. A burst is over soon, so one waits. Where no
place was free for as long as that, waiting only keeps a thread, so one waits for hardly more than
it takes to give a place back: https://queue.acm.org/detail.cfm?id=2839461 ("Controlled Delay").
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import TIMEOUT_MAX, Lock

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
        self._free = count
        self._patience = patience
        self._hurry = hurry
        self._stall = stall
        self._crowd = crowd
        self._line: deque[Lock] = deque()
        self._mutex = Lock()
        self._full_since: float | None = None
        self._moved_at = time.monotonic()

    def take(self) -> bool:
        """Whether there was a place in time; it must be given back."""
        with self._mutex:
            if self._free:
                self._free -= 1
                self._full_since = None
                return True
            turn = self._queued()
            seconds = self._worth_waiting(len(self._line))
        return self._came(turn, seconds) or not self._left(turn)

    def give_back(self) -> None:
        """To the one who has waited longest, if there is one."""
        with self._mutex:
            self._moved_at = time.monotonic()
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within, somebody else may have the place; at the end one waits for one to be free."""
        self.give_back()
        try:
            yield
        finally:
            self._take_back()

    def _take_back(self) -> None:
        with self._mutex:
            if self._free:
                self._free -= 1
                return
            turn = self._queued()
        turn.acquire()

    def _queued(self) -> Lock:
        """Whoever gives a place back releases it."""
        turn = Lock()
        turn.acquire()
        self._line.append(turn)
        return turn

    def _worth_waiting(self, waiting: int) -> float:
        """Seconds."""
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        if now - self._full_since < self._patience:
            return self._patience
        return min(self._hurry * max(1.0, waiting / self._crowd), self._patience)

    def _came(self, turn: Lock, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if turn.acquire(timeout=min(left, self._stall, TIMEOUT_MAX)):
                return True
            if time.monotonic() - self._moved_at >= self._stall:
                return False
        return False

    def _left(self, turn: Lock) -> bool:
        """Whether one could leave the line: at the last moment there may have been a place."""
        with self._mutex:
            if turn not in self._line:
                return False
            self._line.remove(turn)
            return True
