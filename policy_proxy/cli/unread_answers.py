"""Ends the connections of clients that take nothing of their answer.

A thread waits with each such answer, and granian gives it no time limit. The kernel does, for each
connection that a listening socket with TCP_USER_TIMEOUT accepts:
https://man7.org/linux/man-pages/man7/tcp.7.html
"""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

_PAUSE, _TRIES = 0.02, 500
"""Seconds between two looks for a socket that granian opens later, and how many."""


def end(port: int, seconds: float) -> None:
    """Set the limit on this process's socket that listens on `port`, as soon as there is one.

    :param seconds: that a client may let its answer wait.
    """
    for _ in range(_TRIES):
        found = [one for one in _sockets() if _listens(one, port)]
        for one in found:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
            one.close()
        if found:
            return
        time.sleep(_PAUSE)


def _sockets() -> Iterator[socket.socket]:
    for path in Path("/proc/self/fd").iterdir():
        try:
            descriptor = int(path.name)
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                yield socket.socket(fileno=os.dup(descriptor))
        except OSError:  # it was closed meanwhile
            continue


def _listens(one: socket.socket, port: int) -> bool:
    """Closes it if not."""
    name = one.getsockname() if one.family in {socket.AF_INET, socket.AF_INET6} else ()
    if name[1:2] == (port,) and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return True
    one.close()
    return False
