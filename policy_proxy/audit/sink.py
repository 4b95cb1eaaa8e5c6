"""Where audit records go."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

_LOG = logging.getLogger(__name__)
_in_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_RECORDS = logging.getLogger("policy_proxy.audit")


class Sink(Protocol):
    """Takes one record at a time, from any thread."""

    @property
    def lost(self) -> int:
        """How many records could not be written where they should be, since the start."""

    def __call__(self, record: Mapping[str, Any]) -> None: ...


def as_line(record: Mapping[str, Any]) -> str:
    """One line of ASCII: whatever else a text holds is escaped, lone surrogates too."""
    try:
        line = orjson.dumps(record)
    except orjson.JSONEncodeError:  # a lone surrogate, which is no text to it
        return _in_ascii(record)
    return line.decode() if line.isascii() else _in_ascii(record)


class LogSink:
    """The sink of a service without `[audit] file`."""

    lost = 0

    def __call__(self, record: Mapping[str, Any]) -> None:
        _RECORDS.info("%s", as_line(record))


class FileSink:
    """Append each record to a file as one line.

    The line goes out in one write to a file opened for appending, so that several workers can
    share the file. A record that cannot be written goes to the log instead, is counted, and the
    file is opened anew for the next one.
    """

    def __init__(self, path: str) -> None:
        """
        :raises OSError: if the file cannot be opened for appending.
        """
        self._path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = self._opened()
        self._torn = False  # whether the file ends within a line
        self.lost = 0

    def __call__(self, record: Mapping[str, Any]) -> None:
        line = as_line(record)
        try:
            with self._lock:
                self._write(f"{line}\n".encode())
        except OSError as error:
            with self._lock:
                self.lost += 1
            _LOG.error(
                "audit record %d not written to %s (%s), so it stands here: %s",
                self.lost,
                self._path,
                error.strerror,
                line,
            )

    def close(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _write(self, line: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = self._opened()
        begun = b"\n" if self._torn else b""
        try:
            written = os.write(self._descriptor, begun + line)
        except OSError:
            os.close(self._descriptor)
            self._descriptor = None
            raise
        self._torn = written != len(begun + line)
        if self._torn:
            raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes were written")
