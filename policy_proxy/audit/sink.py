"""Where audit records go."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from policy_proxy.audit.destination import Destination
from policy_proxy.audit.line import as_line, encoded

_LOG = logging.getLogger(__name__)
_RECORDS = logging.getLogger("policy_proxy.audit")
_BRIEFLY = 0.005
"""Seconds that a record waits for its turn while nothing can be written."""


class Sink(Protocol):
    """Takes one record at a time, from any thread."""

    @property
    def lost(self) -> int:
        """How many records could not be written where they should be, since the start."""

    @property
    def refusing(self) -> bool:
        """Whether requests are refused for now since they cannot be recorded."""

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Take what became of a request. Nothing is raised: the answer goes out anyway."""

    def covers(self, method: str) -> bool:
        """Whether a request with this method is recorded before it is forwarded."""

    def intend(self, intent: Mapping[str, Any]) -> None:
        """Take what is about to be done.

        :raises Unavailable: if it could not be made durable.
        """

    def reopen(self) -> None:
        """Look whether the file has been moved; a signal handler may call it."""

    def close(self) -> None:
        """Write what there is to write, and end."""


class LogSink:
    """The sink of a service without `[audit] file`."""

    lost = 0
    refusing = False

    def __call__(self, record: Mapping[str, Any]) -> None:
        _RECORDS.info("%s", as_line(record))

    def covers(self, method: str) -> bool:
        del method
        return False

    def intend(self, intent: Mapping[str, Any]) -> None:
        """There is nothing that could be durable."""

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """There is nothing to close."""


class Losses:
    """Counts records that could not be written, and has the log say what is in them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.count = 0

    def add(self, line: bytes, error: OSError) -> None:
        with self._lock:
            self.count += 1
        _LOG.error(
            "audit record %d not written to %s (%s), so it stands here: %s",
            self.count,
            self._path,
            error.strerror,
            line.decode(),
        )


class FileSink:
    """Append each record to a file as one line, from the thread of its request.

    A record that cannot be written goes to the log instead, and is counted. None waits longer than
    `timeout`: where one has waited in vain, the next ones hardly wait, until one is written.

    :param timeout: seconds.
    """

    refusing = False

    def __init__(self, path: str, destination: Destination, timeout: float) -> None:
        self._destination = destination
        self._timeout = timeout
        self._lock = threading.Lock()
        self._stuck = False
        self._losses = Losses(path)

    @property
    def lost(self) -> int:
        return self._losses.count

    def __call__(self, record: Mapping[str, Any]) -> None:
        line = encoded(record)
        try:
            self._append(line)
        except OSError as error:
            self._losses.add(line, error)

    def covers(self, method: str) -> bool:
        del method
        return False

    def intend(self, intent: Mapping[str, Any]) -> None:
        """What is not covered needs none."""

    def reopen(self) -> None:
        self._destination.reopen()

    def close(self) -> None:
        if self._lock.acquire(timeout=self._timeout):
            try:
                self._destination.close(time.monotonic(), self._timeout, self.lost)
            finally:
                self._lock.release()

    def _append(self, line: bytes) -> None:
        patience = _BRIEFLY if self._stuck else self._timeout
        if not (self._lock.acquire(blocking=False) or self._lock.acquire(timeout=patience)):
            self._stuck = True
            raise OSError(errno.ETIMEDOUT, "another record is still being written")
        try:
            self._destination.begin(time.monotonic(), patience, self._losses.count)
            self._destination.put(line)
            self._stuck = False
        except OSError as error:
            self._stuck = error.errno == errno.ETIMEDOUT
            raise
        finally:
            self._lock.release()
