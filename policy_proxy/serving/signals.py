"""Signals to the main process, as something that can be waited for beside other things."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterable
from functools import partial


class Signals:
    """Collects these signals from now on. In processes that are forked from here they do what they
    do by default, until somebody there says otherwise; SIGHUP does nothing.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = tuple(numbers)
        self._here, self._there = socket.socketpair()
        self._here.settimeout(0)
        self._there.settimeout(0)
        for number in self._numbers:
            signal.signal(number, _nothing)
        signal.set_wakeup_fd(self._there.fileno())
        os.register_at_fork(after_in_child=partial(_forget, self._numbers))

    def fileno(self) -> int:
        """What becomes readable when there are some: see `select`."""
        return self._here.fileno()

    def heard(self) -> list[int]:
        """Those that came since the last call, in their order."""
        try:
            return list(self._here.recv(4096))
        except BlockingIOError:
            return []


def _nothing(*_: object) -> None:
    """Its number has been written to the socket by then."""


def _forget(numbers: tuple[int, ...]) -> None:
    """A process that is told to stop while it starts has nothing to finish."""
    signal.set_wakeup_fd(-1)
    for number in numbers:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
