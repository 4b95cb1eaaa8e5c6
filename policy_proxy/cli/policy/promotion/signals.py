"""How a command is ended: by a key, by whoever asks for it, by the end of its session."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_well() -> Iterator[None]:
    """Each of them ends what is done as Ctrl-C does, and once: pressing it twice does not stop what
    the first one has begun.
    """
    kept = [signal.getsignal(number) for number in _SIGNALS]
    listen()
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, kept, strict=True):
            signal.signal(number, handler)


def listen() -> None:
    for number in _SIGNALS:
        signal.signal(number, _end)


def deafen() -> None:
    """What is done now is brought to its end."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(*_: object) -> None:
    """
    :raises KeyboardInterrupt: always.
    """
    deafen()
    raise KeyboardInterrupt
