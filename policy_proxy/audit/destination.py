"""The file that records go to: looked after, opened anew when it moves, sealed and marked.

One thread at a time may use it. Errors of the disk go up as `OSError`; after one, the file is
opened anew for the next record.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Any

from policy_proxy.audit.appended import Appended, NoReaderError
from policy_proxy.audit.line import encoded
from policy_proxy.audit.record import mark
from policy_proxy.audit.rotation import Rotation
from policy_proxy.audit.seal import BEGIN, END, RESUME, Seal

LOST = "lost"
_LOOK_EVERY = 1.0
"""Seconds between two looks at whether the file is still at its place."""


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
        self._always = durable or rotation is not None
        self._file: Appended | None = None
        self._identity = (0, 0)
        self._deadline = self._look_at = 0.0
        self._torn = False  # whether the file ends within a line
        self._stale = False
        self._resumes = False
        self._told = 0
        with suppress(NoReaderError):
            self._open()

    def begin(self, moment: float, patience: float, lost: int) -> None:
        """Make ready to `put` some lines, and perhaps to `sync` them.

        :param moment: now, on the monotonic clock.
        :param patience: seconds that all of it may wait for a pipe.
        :param lost: how many records were lost since the start, for the file to say so.
        """
        self._deadline = moment + patience
        if self._stale or self._always or moment > self._look_at:
            self._look_at = moment + _LOOK_EVERY
            self._look()
        if self._file is None or self._seal is not None or lost > self._told:
            self._make_ready(lost)

    def put(self, line: bytes) -> None:
        """Append a line, in one write, so that others can append to the same file.

        :param line: a JSON object, without the end of the line.
        """
        if self._seal is None:
            self._write(line + b"\n")
        else:
            self._append(line)
        if self._rotation is not None and self._opened().is_gone():
            self._shut()  # others have renamed it so often in the meantime that it was removed
            self._make_ready(self._told)
            self._append(line)

    def sync(self) -> None:
        """Come back when all that was put is on the disk. What is in a FIFO is its reader's."""
        try:
            self._opened().sync()
        except OSError:
            self._stale = True
            raise

    def reopen(self) -> None:
        """Open the file anew before the next record; a signal handler may call it."""
        self._stale = True

    def close(self, moment: float, patience: float, lost: int) -> None:
        """The last words: what was lost, and the end of a chain. Nothing is put any more."""
        begun = self._seal is not None and self._seal.begun
        if begun or lost > self._told:
            with suppress(OSError):  # then there are none, and the chain is told to be open
                self.begin(moment, patience, lost)
                if begun:
                    self.put(encoded(mark(END)))
                if self._durable:
                    self.sync()
        self._shut()
        if self._rotation is not None:
            self._rotation.close()
            self._rotation = None

    def _look(self) -> None:
        """Whether the file is still at its place, and not too large."""
        stale, self._stale = self._stale, False
        try:
            status = os.stat(self._path)  # noqa: PTH116  it is done often
            if self._rotation is not None and self._rotation.is_needed(status.st_size):
                self._rotation.make_room()
                status = os.stat(self._path)  # noqa: PTH116  the same
        except FileNotFoundError:
            self._shut()
        else:
            if stale or (status.st_dev, status.st_ino) != self._identity:
                self._shut()

    def _open(self) -> None:
        self._file = Appended(self._path, durable=self._durable)
        self._torn = self._torn and self._file.identity == self._identity
        self._identity = self._file.identity
        self._resumes = self._seal is not None and self._seal.begun

    def _opened(self) -> Appended:
        if self._file is None:
            raise OSError(errno.EBADF, "the file is not open")
        return self._file

    def _shut(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _make_ready(self, lost: int) -> None:
        """Open the file, and say in it what is to be said before the next record."""
        if self._file is None:
            self._open()
        if self._seal is not None:
            if not self._seal.begun:
                self._say(BEGIN)
            elif self._resumes:
                self._say(RESUME, previous=self._seal.last)
            self._resumes = False
        if lost > self._told:
            self._say(LOST, lost=lost - self._told)
            self._told = lost

    def _say(self, event: str, **more: Any) -> None:
        self._append(encoded(mark(event, worker=os.getpid(), **more)))

    def _append(self, line: bytes) -> None:
        if self._seal is None:
            self._write(line + b"\n")
        else:
            line, mac = self._seal.on(line)
            self._write(line + b"\n")
            self._seal.keep(mac)

    def _write(self, data: bytes) -> None:
        """
        :raises OSError: unless the whole line is there; its end may come with the next one.
        """
        torn = self._torn
        if torn:
            data = b"\n" + data
        try:
            written = self._opened().write(data, self._deadline)
        except OSError:
            self._stale = True
            raise
        self._torn = written != len(data) and (written > torn or (torn and not written))
        if written < len(data) - 1:
            self._stale = True
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")
