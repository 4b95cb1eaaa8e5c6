"""The lines of a file that grows, and that is renamed or emptied while it does."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_PAUSE = 0.2
_LINGER = 3.0
"""Seconds for which a renamed file is still read: a worker notices it within one."""
_CHUNK = 1 << 16
_MOST_RENAMED = 1000


def last_lines(path: str, count: int) -> tuple[list[bytes], int]:
    """The last lines of a file, whole ones, and where they end.

    :raises OSError: if it cannot be read.
    """
    with Path(path).open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        start, found = end, b""
        while start and found.count(b"\n") <= count:
            start = max(0, start - _CHUNK)
            file.seek(start)
            found = file.read(end - start)
    whole, _, rest = found.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    return list(deque(lines, maxlen=count)), end - len(rest)


class Followed:
    """
    :param position: in bytes, where to begin in the file that is there now.
    :param goes_on: is asked whenever there is nothing more for now.
    """

    def __init__(self, path: str, position: int, goes_on: Callable[[], bool]) -> None:
        self._path = path
        self._goes_on = goes_on
        self._open: list[_Open] = []
        self._add(path, position)

    def lines(self) -> Iterator[bytes]:
        """Each as soon as it is whole, without its end; waits for more.

        :raises OSError: if the file cannot be read any more.
        """
        while True:
            self._look()
            before = sum(one.position for one in self._open)
            for one in self._open:
                yield from one.more()
            if sum(one.position for one in self._open) == before:
                if not self._goes_on():
                    return
                time.sleep(_PAUSE)

    def close(self) -> None:
        for one in self._open:
            one.file.close()
        self._open = []

    def _look(self) -> None:
        """Whether the file was renamed, perhaps several times, and another took its place."""
        moment = time.monotonic()
        for one in [one for one in self._open if one.until and one.until < moment]:
            one.file.close()
            self._open.remove(one)
        try:
            here = os.stat(self._path)  # noqa: PTH116  the two numbers are all that is wanted
        except FileNotFoundError:
            return
        known = {one.identity for one in self._open}
        if (here.st_dev, here.st_ino) in known:
            return
        for one in self._open:
            one.until = one.until or moment + _LINGER
        for path in [*self._renamed(known), self._path]:
            with suppress(FileNotFoundError):
                self._add(path, 0)

    def _renamed(self, known: set[tuple[int, int]]) -> list[str]:
        """Files that came and went since the last look, the oldest first."""
        found: list[str] = []
        for number in range(1, _MOST_RENAMED):
            path = f"{self._path}.{number}"
            try:
                status = os.stat(path)  # noqa: PTH116  the same
            except FileNotFoundError:
                break
            if (status.st_dev, status.st_ino) in known:
                return found[::-1]
            found.append(path)
        return []

    def _add(self, path: str, position: int) -> None:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115  closed with the others
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino)
        if identity in {one.identity for one in self._open}:
            file.close()
            return
        self._open.append(_Open(file, identity, position))
        file.seek(position)


class _Open:
    """A file that is being read."""

    def __init__(self, file: BinaryIO, identity: tuple[int, int], position: int) -> None:
        self.file = file
        self.identity = identity
        self.position = position
        self.until = 0.0
        self._rest = b""

    def more(self) -> Iterator[bytes]:
        if os.fstat(self.file.fileno()).st_size < self.position:  # it was emptied
            self.position, self._rest = 0, b""
            self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            self.position += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from lines
