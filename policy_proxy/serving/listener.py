"""The socket that clients come to: opened once by the main process, and shared by its workers.

All workers, the old and the new ones of a restart as well, accept from one queue, which lives as
long as the main process. So a connection that nobody has accepted yet is never lost with a worker.
"""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass

from policy_proxy.config.server import ServerSettings
from policy_proxy.errors import ConfigurationError

_FREEBIND = 15
"""IP_FREEBIND of <linux/in.h>, which the module socket does not have."""
_NOWHERE = "192.0.2.1"
"""Of documentation (RFC 5737): no machine has this address, so nothing ever comes to it."""
_PATIENCE = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket; it listens as soon as the first worker serves.

    :param file: the path and the inode of a unix socket; None: it is a TCP socket.
    """

    sock: socket.socket
    name: str
    file: tuple[str, int] | None = None

    @property
    def unix(self) -> bool:
        return self.file is not None

    def close(self) -> None:
        """Have no part in it any more. Workers that have it still accept connections."""
        self.sock.close()

    def remove(self) -> None:
        """Close it, and remove the file of a unix socket, unless it is somebody else's by now."""
        self.close()
        if self.file:
            path, inode = self.file
            with suppress(OSError):
                if os.lstat(path).st_ino == inode:
                    os.unlink(path)  # noqa: PTH108  as the socket has it


def opened(server: ServerSettings) -> Listener:
    """
    :raises ConfigurationError: if it cannot be listened there.
    """
    return _unix(server) if server.unix_socket else _tcp(server.host, server.port)


def _tcp(host: str, port: int) -> Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        sentence = (
            f"{host} port {port} cannot be listened on ({error.strerror}): choose another "
            "with --host and --port, or stop what uses it"
        )
        raise ConfigurationError([sentence]) from None
    at = f"[{host}]" if ":" in host else host
    return Listener(sock, f"{at}:{sock.getsockname()[1]}")


def _unix(server: ServerSettings) -> Listener:
    path, mode = server.unix_socket or "", server.unix_socket_mode
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~mode)  # never, not for a moment, is it open to more
    try:
        _remove_stale(path)
        sock.bind(path)
        if server.unix_socket_group:
            os.chown(path, -1, grp.getgrnam(server.unix_socket_group).gr_gid)
    except OSError as error:
        sock.close()
        why = error.strerror or str(error)
        raise ConfigurationError(
            [f"[server] unix_socket = {path} cannot be listened on ({why}): name another path"]
        ) from None
    finally:
        os.umask(before)
    return Listener(sock, f"unix:{path}", (path, os.lstat(path).st_ino))


def _remove_stale(path: str) -> None:
    """Remove what a service left behind that was killed: a socket, and nobody listens on it.

    :raises OSError: if there is something else, or if somebody listens.
    """
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "something that is no socket is there")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108
            return
        except TimeoutError:
            pass
    raise OSError(errno.EADDRINUSE, "somebody listens there")


def stop_accepting(fd: int) -> None:
    """Take no more connections in this process; others that share the listener go on.

    Whoever waits for connections on the descriptor `fd` goes on waiting, and gets none: it is made
    one of a socket that nobody can reach.
    """
    with socket.socket(socket.AF_INET) as deaf:
        deaf.settimeout(0)
        deaf.setsockopt(socket.SOL_IP, _FREEBIND, 1)
        deaf.bind((_NOWHERE, 0))
        deaf.listen(1)
        os.dup2(deaf.fileno(), fd, inheritable=False)


def connections(address: object) -> int:
    """How many connections this process has from clients of the listener with this address."""
    return sum(_is_from(address, int(fd)) for fd in os.listdir("/proc/self/fd"))  # noqa: PTH208


def _is_from(address: object, fd: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as sock:
            sock.getpeername()
            return _key(sock.getsockname()) == _key(address)
    except OSError:  # it is closed by now, or is no connection
        return False


def _key(address: object) -> object:
    """A listener on every address has its port in common with its connections, no more."""
    return address[1] if isinstance(address, tuple) else address
