"""A file that has become large makes room for another, among several processes that write to it.

A process that writes holds a lock, together with all others that do; one that renames holds it
alone. So nobody writes to a file that is not at its place, and none is removed with a record in it
that has not been there for `keep` files' time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

_PAUSE = 0.001
_MODE = 0o640


class Rotation:
    """
    :param max_bytes: a file that has so many, or more, is renamed before the next record.
    :param keep: how many such files stay: `PATH.1`, the youngest, to `PATH.KEEP`.
    """

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        lock = Path(path).with_name(f".{Path(path).name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)

    def enter(self, descriptor: int | None, deadline: float) -> None:
        """Begin to write; `leave` ends it. Nobody renames in the meantime.

        :param descriptor: of the file as this process knows it.
        :param deadline: on the monotonic clock.
        :raises OSError: if others do not let go of the lock until then, or the disk refuses.
        """
        if descriptor is not None and os.fstat(descriptor).st_size >= self._max_bytes:
            self._turn(deadline)
        self._take(fcntl.LOCK_SH, deadline)

    def leave(self) -> None:
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._lock)

    def _turn(self, deadline: float) -> None:
        """Rename, unless another process just did."""
        self._take(fcntl.LOCK_EX, deadline)
        try:
            with suppress(FileNotFoundError):
                if Path(self._path).stat().st_size >= self._max_bytes:
                    self._shift()
        finally:
            self.leave()

    def _shift(self) -> None:
        for number in range(self._keep, 0, -1):
            younger = f"{self._path}.{number - 1}" if number > 1 else self._path
            with suppress(FileNotFoundError):
                Path(younger).replace(f"{self._path}.{number}")

    def _take(self, kind: int, deadline: float) -> None:
        """flock has no time limit of its own."""
        while True:
            try:
                fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    why = "another process does not let go of its lock"
                    raise OSError(errno.ETIMEDOUT, why) from None
                time.sleep(_PAUSE)
            else:
                return
