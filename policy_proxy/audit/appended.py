"""One file, or pipe, that is open for appending."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
_MODE = 0o640
_PAUSE = 0.001
"""Seconds."""


class NoReaderError(OSError):
    """A FIFO that nobody has opened for reading."""


class Appended:
    """
    `identity` is the device and the number of the file, which a rename does not change.

    :param durable: whether it must be there after a crash, so that its folder is synced too.
    :raises OSError: if it cannot be opened.
    """

    def __init__(self, path: str, *, durable: bool) -> None:
        try:
            self._descriptor = os.open(path, _FLAGS, _MODE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                raise NoReaderError(errno.ENXIO, "nobody reads this pipe") from None
            raise
        status = os.fstat(self._descriptor)
        self.identity = (status.st_dev, status.st_ino)
        self._fills_up = not stat.S_ISREG(status.st_mode)
        if durable and not self._fills_up:
            try:
                _sync_folder(path)
            except OSError:
                self.close()
                raise

    def write(self, data: bytes, deadline: float) -> int:
        """How many bytes went out: in one piece, but into a pipe that is full.

        :param deadline: on the monotonic clock; so long a pipe is waited for.
        """
        try:
            written = os.write(self._descriptor, data)
        except BlockingIOError:
            written = 0
        if written == len(data) or not self._fills_up:
            return written
        while written < len(data) and self._has_room(deadline):
            try:
                written += os.write(self._descriptor, data[written:])
            except BlockingIOError:  # another process was faster, or it is less than a page
                time.sleep(_PAUSE)
        if not written:
            raise OSError(errno.ETIMEDOUT, "the pipe is full, nobody reads it")
        return written

    def sync(self) -> None:
        """Come back when what was written is on the disk. What is in a pipe is its reader's."""
        if self._fills_up:
            return
        os.fdatasync(self._descriptor)
        if self.is_gone():
            raise OSError(errno.ENOENT, "the file has been removed")

    def is_gone(self) -> bool:
        """Whether it has no name any more."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        os.close(self._descriptor)

    def _has_room(self, deadline: float) -> bool:
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        left = deadline - time.monotonic()
        return left > 0 and bool(waiting.poll(left * 1000))


def _sync_folder(path: str) -> None:
    """A file is found again after a crash only if its folder knows of it."""
    folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
