"""A file that has become large makes room for another, among several processes that write to it.

Whoever renames holds a lock, so that two do not do it at once. Whoever only writes needs none: it
looks before and after it, and writes again if the file was removed in the meantime.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_MODE = 0o640


class Rotation:
    """
    :param max_bytes: a file that has so many, or more, is renamed before the next record.
    :param keep: how many such files stay: `PATH.1`, the youngest, to `PATH.KEEP`.

    :raises OSError: if the file with the lock cannot be made.
    """

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        lock = Path(path).with_name(f".{Path(path).name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)

    def is_needed(self, size: int) -> bool:
        """
        :param size: of the file, in bytes.
        """
        return size >= self._max_bytes

    def make_room(self) -> None:
        """Rename the file if it is large. If another process is about to, that is enough."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            if self._is_large():
                self._shift()
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._lock)

    def _is_large(self) -> bool:
        try:
            return self.is_needed(Path(self._path).stat().st_size)
        except FileNotFoundError:
            return False

    def _shift(self) -> None:
        """Up to the first place that is free; without one the oldest file goes."""
        places = range(1, self._keep)
        free = next((n for n in places if not Path(f"{self._path}.{n}").exists()), self._keep)
        for number in range(free, 0, -1):
            younger = f"{self._path}.{number - 1}" if number > 1 else self._path
            with suppress(FileNotFoundError):
                Path(younger).replace(f"{self._path}.{number}")
