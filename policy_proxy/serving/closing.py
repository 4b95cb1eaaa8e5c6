"""How a listener takes no more connections, without a loss of those that clients believe to have.

A client may send as soon as its kernel has shaken hands with ours, though nobody here has accepted
the connection yet. If the last socket of a listener is closed then, the kernel resets it.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import stat
import struct
import time
from collections.abc import Iterator

_ATTACH_FILTER = 26
"""SO_ATTACH_FILTER of <asm-generic/socket.h>, which the module socket does not have."""
_FREEBIND = 15
"""IP_FREEBIND of <linux/in.h>, which it does not have either."""
_NOWHERE = "192.0.2.1"
"""Of documentation (RFC 5737): no machine has this address, so nothing ever comes to it."""
_SHAKING_HANDS = 0.2
"""Seconds that those who have begun may take to finish it."""
_LOOK = 0.02
"""Seconds."""

_NO_MORE_HANDSHAKES = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte of the TCP header in which the flags are
        (0x45, 0, 1, 0x02),  # SYN: a client that begins
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # keep everything else
    )
)
"""https://docs.kernel.org/networking/filter.html#structure"""


def turn_away(fd: int) -> None:
    """Have the kernel begin no more TCP connections for this listener, in any process; those that
    it has begun can still be accepted. A client that comes now tries again, by itself, in a second.
    """
    program = ctypes.create_string_buffer(_NO_MORE_HANDSHAKES)
    count = len(_NO_MORE_HANDSHAKES) // struct.calcsize("HBBI")
    with socket.socket(fileno=os.dup(fd)) as sock:
        if sock.family != socket.AF_UNIX:
            where = struct.pack("HP", count, ctypes.addressof(program))
            sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, where)


def wait_until_all_are_in(fd: int, patience: float) -> None:
    """Wait until whoever accepts connections here has taken all that there are.

    :param patience: seconds, at most.
    """
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    began = time.monotonic()
    while (waited := time.monotonic() - began) < patience:
        if waited >= _SHAKING_HANDS and not waiting.poll(0):
            return
        time.sleep(_LOOK)


def stop_accepting(fd: int) -> None:
    """Take no more connections in this process; others that share the listener go on.

    Whoever waits for connections on the descriptor `fd` goes on waiting, and gets none: it is made
    one of a socket that nobody can reach. A descriptor that is no listener's any more, since the
    server has closed it by itself, is left alone: whatever else may have its number by now.
    """
    if not _listens(fd):
        return
    with socket.socket(socket.AF_INET) as deaf:
        deaf.settimeout(0)
        deaf.setsockopt(socket.SOL_IP, _FREEBIND, 1)
        deaf.bind((_NOWHERE, 0))
        deaf.listen(1)
        os.dup2(deaf.fileno(), fd, inheritable=False)


def _listens(fd: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(fd)) as sock:
            return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def connections(address: object) -> int:
    """How many connections this process has from clients of the listener with this address."""
    return sum(1 for _ in clients(address))


def clients(address: object) -> Iterator[socket.socket]:
    """Each of them, as a socket of its own: its descriptor may be another's by now."""
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            if not stat.S_ISSOCK(os.fstat(int(fd)).st_mode):
                continue
            sock = socket.socket(fileno=os.dup(int(fd)))
        except OSError:  # it is closed by now
            continue
        with sock:
            if _is_from(address, sock):
                yield sock


def _is_from(address: object, sock: socket.socket) -> bool:
    try:
        sock.getpeername()
        return _key(sock.getsockname()) == _key(address)
    except OSError:  # it is no connection
        return False


def _key(address: object) -> object:
    """A listener on every address has its port in common with its connections, no more."""
    return address[1] if isinstance(address, tuple) else address
