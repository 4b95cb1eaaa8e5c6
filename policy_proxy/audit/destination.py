"""The file that records go to: opened for appending, looked after, and opened anew when it moves.

One thread at a time may use it. Errors of the disk go up as `OSError`; after one the file is opened
anew for the next record.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from policy_proxy.audit.line import encoded
from policy_proxy.audit.record import mark
from policy_proxy.audit.rotation import Rotation
from policy_proxy.audit.seal import BEGIN, END, RESUME, Seal

LOST = "lost"
_LOOK_EVERY = 1.0
"""Seconds between two looks at whether the file is still at its place."""
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


class Destination:
    """
    :param seal: seals each line, if there is one.
    :param rotation: renames the file when it is large, if anybody shall.
    :param durable: whether `sync` will be called, so that where the file lies is made durable too.

    :raises OSError: if the file cannot be opened for appending. A FIFO may have no reader yet.
    """

    def __init__(
        self,
        path: str,
        seal: Seal | None = None,
        rotation: Rotation | None = None,
        *,
        durable: bool = False,
    ) -> None:
        self._path = path
        self._seal = seal
        self._rotation = rotation
        self._durable = durable
        self._descriptor: int | None = None
        self._file: tuple[int, int] | None = None  # its device and inode
        self._waits = False  # whether it is something that fills up and empties, such as a pipe
        self._torn = False  # whether it ends within a line
        self._stale = False
        self._resumes = False
        self._looked = 0.0
        self._told = 0
        with suppress(_NoReaderError):
            self._open()

    def begin(self, deadline: float, lost: int) -> None:
        """Make ready to `put` some lines, and perhaps to `sync` them.

        :param deadline: on the monotonic clock.
        :param lost: how many records were lost since the start, for the file to say so.
        """
        if self._rotation is not None:
            self._rotation.make_room()
        self._look()
        self._ready(deadline, lost)

    def put(self, line: bytes, deadline: float) -> None:
        """Append a line, in one write, so that others can append to the same file.

        :param line: a JSON object, without the end of the line.
        """
        self._append(line, deadline)
        if self._rotation is not None and os.fstat(self._opened()).st_nlink == 0:
            self._shut()  # others have renamed the file so often in the meantime that it is gone
            self._ready(deadline, self._told)
            self._append(line, deadline)

    def _ready(self, deadline: float, lost: int) -> None:
        if self._descriptor is None:
            self._open()
        if self._seal is not None or lost > self._told:
            self._mark(deadline, lost)

    def _append(self, line: bytes, deadline: float) -> None:
        mac = b""
        if self._seal is not None:
            line, mac = self._seal.on(line)
        begun = b"\n" if self._torn else b""
        data = b"%s%s\n" % (begun, line)
        try:
            written = self._out(data, deadline)
        except OSError:
            self._stale = True
            raise
        whole = written >= len(data) - 1
        if whole and self._seal is not None:
            self._seal.keep(mac)
        self._torn = len(begun) < written < len(data) or (self._torn and not written)
        if not whole:
            self._stale = True
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")

    def sync(self) -> None:
        """Come back when all that was put is on the disk. What is in a FIFO is its reader's."""
        descriptor = self._opened()
        if self._waits:
            return
        try:
            os.fdatasync(descriptor)
            if os.fstat(descriptor).st_nlink == 0:
                raise OSError(errno.ENOENT, "the file has been removed")
        except OSError:
            self._stale = True
            raise

    def reopen(self) -> None:
        """Open the file anew before the next record; a signal handler may call it."""
        self._stale = True

    def close(self, deadline: float, lost: int) -> None:
        """The last word of a chain. Nothing is put any more."""
        if self._seal is not None and self._seal.begun:
            with suppress(OSError):  # then there is none, and the chain is told to be open
                self.begin(deadline, lost)
                self.put(encoded(mark(END)), deadline)
                if self._durable:
                    self.sync()
        self._shut()
        if self._rotation is not None:
            self._rotation.close()
            self._rotation = None

    def _look(self) -> None:
        """Whether the file is still at its place: it is not opened anew for nothing."""
        moment, stale = time.monotonic(), self._stale
        often = self._durable or self._rotation is not None
        if not (stale or often or moment - self._looked > _LOOK_EVERY):
            return
        self._stale, self._looked = False, moment
        try:
            status = os.stat(self._path)  # noqa: PTH116  it is done often
        except FileNotFoundError:
            self._shut()
        else:
            if stale or (status.st_dev, status.st_ino) != self._file:
                self._shut()

    def _open(self) -> None:
        try:
            descriptor = os.open(self._path, _FLAGS, 0o640)
        except OSError as error:
            if error.errno == errno.ENXIO:
                raise _NoReaderError(errno.ENXIO, "nobody reads this pipe") from None
            raise
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        found = (status.st_dev, status.st_ino)
        self._waits = not stat.S_ISREG(status.st_mode)
        self._torn = self._torn and found == self._file
        self._file = found
        self._resumes = self._seal is not None and self._seal.begun
        if self._durable and not self._waits:
            _sync_folder(self._path)

    def _opened(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, "the file is not open")
        return self._descriptor

    def _shut(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _mark(self, deadline: float, lost: int) -> None:
        """Say what is to be said before the next record."""
        if self._seal is not None and not self._seal.begun:
            self._say(deadline, BEGIN)
        elif self._seal is not None and self._resumes:
            self._say(deadline, RESUME, previous=self._seal.last)
        self._resumes = False
        if lost > self._told:
            self._say(deadline, LOST, lost=lost - self._told)
            self._told = lost

    def _say(self, deadline: float, event: str, **more: Any) -> None:
        self._append(encoded(mark(event, worker=os.getpid(), **more)), deadline)

    def _out(self, data: bytes, deadline: float) -> int:
        """How many bytes went out, of a pipe that is full those until the deadline."""
        descriptor = self._opened()
        written = 0
        while True:
            try:
                written += os.write(descriptor, data[written:] if written else data)
            except BlockingIOError:
                if not _writable(descriptor, deadline):
                    if written:
                        return written
                    raise OSError(errno.ETIMEDOUT, "the pipe is full, nobody reads it") from None
            if written == len(data) or (written and not self._waits):
                return written


class _NoReaderError(OSError):
    """A FIFO that nobody has opened for reading."""


def _writable(descriptor: int, deadline: float) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    left = deadline - time.monotonic()
    return left > 0 and bool(waiting.poll(left * 1000))


def _sync_folder(path: str) -> None:
    """A file is found again after a crash only if its folder knows of it."""
    folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
