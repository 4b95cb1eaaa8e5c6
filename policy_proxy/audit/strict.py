"""A sink that says when a record is on the disk, or that it is not, within a time.

One thread writes. Whatever came while it was busy is written together and made durable at once, so
that many requests share the wait for the disk. A request waits for its own record; if the thread
hangs, requests do not hang with it.
"""

from __future__ import annotations

import errno
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from policy_proxy.audit.destination import Destination
from policy_proxy.audit.line import encoded
from policy_proxy.audit.sink import Losses
from policy_proxy.errors import Unavailable

_LOG = logging.getLogger(__name__)
_MOST_WAITING = 1024
_MOST_AT_ONCE = 256
_RETRY = (("Retry-After", "5"),)
_SILENT = "the disk or the pipe does not answer"
_REFUSED = "This request cannot be recorded now, so it is not carried out."


@dataclass(frozen=True, slots=True)
class _Entry:
    """
    :param durable: whether it is done only when it is on the disk.
    """

    line: bytes
    durable: bool
    done: Future[None] = field(default_factory=Future)


class StrictSink:
    """
    :param covers: tells for a method whether such a request needs an intent, and a record that is
        on the disk before its answer goes out. The record of any other is only written.
    :param timeout: seconds that a record may take. Once one has taken longer, the next ones are
        refused at once until the disk answers.
    """

    def __init__(
        self, path: str, destination: Destination, timeout: float, covers: Callable[[str], bool]
    ) -> None:
        self._path = path
        self._destination = destination
        self._timeout = timeout
        self._covers = covers
        self._waiting: queue.Queue[_Entry | None] = queue.Queue(_MOST_WAITING)
        self._busy_since = 0.0  # on the monotonic clock; 0 while there is nothing to do
        self._losses = Losses(path)
        self.refusing = False
        self._thread = threading.Thread(target=self._run, name="policy-proxy-audit", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        return self._losses.count

    def __call__(self, record: Mapping[str, Any]) -> None:
        line = encoded(record)
        try:
            self._write(line, durable=self._covers(record["method"]))
        except OSError as error:
            self._losses.add(line, error)

    def covers(self, method: str) -> bool:
        return self._covers(method)

    def intend(self, intent: Mapping[str, Any]) -> None:
        try:
            self._write(encoded(intent), durable=True)
        except OSError as error:
            private = f"[audit] file = {self._path} cannot be written: {error.strerror}"
            raise Unavailable(_REFUSED, private=private, headers=_RETRY) from None

    def reopen(self) -> None:
        self._destination.reopen()

    def close(self) -> None:
        """A disk that hangs is not waited for longer than the timeout."""
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=self._timeout)
            except queue.Full:
                return
            self._thread.join(self._timeout)

    def _write(self, line: bytes, *, durable: bool) -> None:
        """
        :raises OSError: if it is not written, or durable, in time. It may become so later.
        """
        busy = self._busy_since
        if busy and time.monotonic() - busy > self._timeout:
            raise OSError(errno.ETIMEDOUT, _SILENT)
        entry = _Entry(line, durable)
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            raise OSError(errno.EAGAIN, "too many records wait") from None
        try:
            entry.done.result(self._timeout)
        except TimeoutError:
            entry.done.cancel()
            self._is_refusing(_SILENT)
            raise OSError(errno.ETIMEDOUT, _SILENT) from None

    def _run(self) -> None:
        while True:
            batch, last = self._taken()
            self._busy_since = time.monotonic()
            self._written([entry for entry in batch if entry.done.set_running_or_notify_cancel()])
            if last:
                self._destination.close(time.monotonic(), self._timeout, self.lost)
                return
            self._busy_since = 0.0

    def _taken(self) -> tuple[list[_Entry], bool]:
        """What waits, and whether it is the end."""
        batch: list[_Entry] = []
        entry = self._waiting.get()
        while entry is not None:
            batch.append(entry)
            if len(batch) >= _MOST_AT_ONCE or self._waiting.empty():
                return batch, False
            entry = self._waiting.get()
        return batch, True

    def _written(self, batch: list[_Entry]) -> None:
        if not batch:
            return
        try:
            self._put(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, the thread goes on, and each knows
            number = error.errno if isinstance(error, OSError) else None
            why = error.strerror if isinstance(error, OSError) else repr(error)
            self._is_refusing(why or "no reason is given")
            for entry in [entry for entry in batch if not entry.done.done()]:
                entry.done.set_exception(OSError(number or errno.EIO, why))

    def _put(self, batch: list[_Entry]) -> None:
        """All or nothing: of what is not durable in the end, nobody is told that it is."""
        self._destination.begin(time.monotonic(), self._timeout, self.lost)
        for entry in batch:
            self._destination.put(entry.line)
            if not entry.durable:
                entry.done.set_result(None)
        lasting = [entry for entry in batch if entry.durable]
        if lasting:
            self._destination.sync()
        self._is_good()
        for entry in lasting:
            entry.done.set_result(None)

    def _is_refusing(self, why: str) -> None:
        if not self.refusing:
            self.refusing = True
            said = "%s cannot be written (%s): what has to be recorded is refused"
            _LOG.error(said, self._path, why)

    def _is_good(self) -> None:
        if self.refusing:
            self.refusing = False
            _LOG.warning("%s can be written again", self._path)
