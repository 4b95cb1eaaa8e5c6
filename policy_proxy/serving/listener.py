"""Where clients come to: sockets that the main process opens, and that its workers inherit.

The main process keeps them open. So the old and the new worker of a restart accept from the same
queue, and a connection that nobody has accepted yet is not lost with a worker.

For TCP there is a socket for each worker, among which the kernel spreads connections evenly
(SO_REUSEPORT). Of workers that share one socket, one gets nearly all that come at once.
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

_PATIENCE = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Bound sockets; each listens as soon as its worker serves.

    :param file: the path and the inode of a unix socket; None: they are TCP sockets.
    """

    socks: tuple[socket.socket, ...]
    name: str
    file: tuple[str, int] | None = None

    @property
    def unix(self) -> bool:
        return self.file is not None

    def of(self, place: int) -> socket.socket:
        """The one of the worker in this place, from 0 on."""
        return self.socks[place % len(self.socks)]

    def keep(self, place: int) -> socket.socket:
        """In a worker: have no part in those of the others, which could else not stop to listen."""
        ours = self.of(place)
        for sock in self.socks:
            if sock is not ours:
                sock.close()
        return ours

    def close(self) -> None:
        """Have no part in it any more. Workers that have it still accept connections."""
        for sock in self.socks:
            sock.close()

    def remove(self) -> None:
        """Close it, and remove the file of a unix socket."""
        self.close()
        self.remove_file()

    def remove_file(self) -> None:
        """That of a unix socket, unless it is somebody else's by now: nobody finds it any more."""
        if self.file:
            path, inode = self.file
            with suppress(OSError):
                if os.lstat(path).st_ino == inode:
                    os.unlink(path)  # noqa: PTH108  as the socket has it


def opened(server: ServerSettings) -> Listener:
    """
    :raises ConfigurationError: if it cannot be listened there.
    """
    if server.unix_socket:
        return _unix(server, server.unix_socket)
    return _tcp(server.host, server.port, server.workers)


def _tcp(host: str, port: int, count: int) -> Listener:
    try:
        with _bound(host, port, shared=False):
            pass  # with SO_REUSEPORT another service on the same port would go unnoticed
        socks = [_bound(host, port, shared=True)]
        port = socks[0].getsockname()[1]
        socks += [_bound(host, port, shared=True) for _ in range(count - 1)]
    except OSError as error:
        sentence = (
            f"{host} port {port} cannot be listened on ({error.strerror}): choose another "
            "with --host and --port, or stop what uses it"
        )
        raise ConfigurationError([sentence]) from None
    return Listener(tuple(socks), f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def end_unread(listens: Listener, seconds: float) -> None:
    """Have the kernel close connections whose client takes nothing of its answer for so long: the
    thread that waits for it could not. What a socket accepts takes this over from it.
    https://man7.org/linux/man-pages/man7/tcp.7.html (TCP_USER_TIMEOUT)
    """
    if not listens.unix:
        for sock in listens.socks:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def _unix(server: ServerSettings, path: str) -> Listener:
    sock = socket.socket(socket.AF_UNIX)
    # never, not for a moment, is it open to more
    before = os.umask(0o777 & ~server.unix_socket_mode)
    try:
        _remove_stale(path)
        sock.bind(path)
        if server.unix_socket_group:
            _give(path, server.unix_socket_group)
    except OSError as error:
        sock.close()
        why = error.strerror or str(error)
        remedy = "make its folder, or name another path"
        if error.errno != errno.ENOENT:
            remedy = "name another path"
        raise ConfigurationError(
            [f"[server] unix_socket = {path} cannot be listened on ({why}): {remedy}"]
        ) from None
    finally:
        os.umask(before)
    return Listener((sock,), f"unix:{path}", (path, os.lstat(path).st_ino))


def _give(path: str, group: str) -> None:
    """
    :raises ConfigurationError: if the group is none of this user's. Nothing is left at the path.
    """
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except PermissionError:
        os.unlink(path)  # noqa: PTH108  as above
        sentence = (
            f"[server] unix_socket_group = {group}: only a member can give the socket to the "
            f"group: put the user that serve runs as into it, with SupplementaryGroups={group} "
            "in the unit"
        )
        raise ConfigurationError([sentence]) from None


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
