"""A line to a server that can be cut, closed or silenced, and that counts the writes on it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HEAD = re.compile(
    rb"(POST|PUT|DELETE|GET) (\S+) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)+)\r\n",
)
_ID = re.compile(rb"(?mi)^x-openstack-request-id: (\S+)\r$")
_LONGEST_HEAD = 1 << 16


@dataclass(slots=True)
class Line:
    """Relays connections from a loopback port of its own.

    :param to: URL of the server.
    :param writes: how often each write was sent down the line, by its request id.
    :param speaks: cleared, what clients send gets stuck.
    :param bites: set, a connection is cut as soon as a write has been passed on.
    """

    to: str
    writes: Counter[str] = field(default_factory=Counter)
    speaks: threading.Event = field(default_factory=threading.Event)
    bites: threading.Event = field(default_factory=threading.Event)
    _port: int = 0
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """The server's, by way of the line."""
        return f"http://127.0.0.1:{self._port}{urlsplit(self.to).path}"

    def open(self) -> None:
        """Take connections: at first on any free port, later on the same one."""
        self.speaks.set()
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every connection, whatever is on it."""
        with self._lock:
            cut, self._open = self._open, set()
        for one in cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        upstream = urlsplit(self.to)
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection((upstream.hostname, upstream.port))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open |= {client, server}
                for way in (self._up, self._down):
                    threading.Thread(target=way, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        held = b""
        with contextlib.suppress(OSError):
            while chunk := client.recv(65536):
                before = self.writes.total()
                held = self._counted(held + chunk)
                self.speaks.wait()
                server.sendall(chunk)
                if self.bites.is_set() and self.writes.total() > before:
                    break
        self._end(client, server)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := server.recv(65536):
                client.sendall(chunk)
        self._end(client, server)

    def _end(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= {*ends}
        for one in ends:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _counted(self, heard: bytes) -> bytes:
        """Count the writes whose heads are complete, and give what may be the start of the next."""
        end = 0
        for found in _HEAD.finditer(heard):
            end = found.end()
            name = _ID.search(found[3])
            if found[1] != b"GET" and name:
                self.writes[name[1].decode()] += 1
        return heard[end:][-_LONGEST_HEAD:]
