"""A thread that does its round from time to time, and another one as soon as it is called."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from enum import Enum


class _Call(Enum):
    """What wakes the thread before its time."""

    ROUND = "do the other one"
    STOP = "end"


class Rounds:
    """
    :param due: done when nobody has called for `interval` seconds.
    :param called: done instead, once for all calls that wait.
    :param failed: told of whatever one of them raises, in the handler of it; the thread goes on.
    """

    def __init__(
        self,
        name: str,
        interval: float,
        due: Callable[[], object],
        called: Callable[[], object],
        failed: Callable[[], None],
    ) -> None:
        self._name = name
        self._interval = interval
        self._due = due
        self._called = called
        self._failed = failed
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in this process: a fork takes no thread along."""
        if self._thread is None or not self._thread.is_alive():
            self._calls = queue.SimpleQueue()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def call(self) -> None:
        """Wake the thread; returns before it has done anything.

        A signal handler may call it: putting into a `SimpleQueue` is reentrant.
        """
        self._calls.put(_Call.ROUND)

    def stop(self) -> None:
        """End it, and wait until it has."""
        self._calls.put(_Call.STOP)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not _Call.STOP:
            work = self._due if call is None else self._called
            try:
                work()
            except Exception:  # noqa: BLE001  the thread must outlive whatever a round meets
                self._failed()

    def _next(self) -> _Call | None:
        """Waits for a call; None when it is time for a round. Many calls are one."""
        call = None
        try:
            call = self._calls.get(timeout=self._interval)
            while call is not _Call.STOP:
                call = self._calls.get_nowait()
        except queue.Empty:
            pass
        return call
