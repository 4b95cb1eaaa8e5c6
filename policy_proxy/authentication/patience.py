"""Sockets on which an answer has to be whole in time, not only its next byte."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace
from typing import Any


def sockets(seconds: float) -> Any:
    """What pymemcache takes in place of the module `socket`.

    :param seconds: from a question to the end of its answer.
    """

    class Patient(socket.socket):
        """:raises TimeoutError: from `recv`, once the time of this answer is over."""

        _until = 0.0

        def sendall(self, data: Any, flags: int = 0) -> None:
            self._until = time.monotonic() + seconds
            self.settimeout(seconds)
            super().sendall(data, flags)

        def recv(self, size: int, flags: int = 0) -> bytes:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer is not whole in time")
            self.settimeout(left)
            return super().recv(size, flags)

    return SimpleNamespace(**{**vars(socket), "socket": Patient})
