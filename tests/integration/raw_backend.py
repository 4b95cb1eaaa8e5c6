"""A backend of raw bytes on a loopback socket: says what a script says, records what it hears."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

from policy_proxy.backend import Backend
from policy_proxy.config.backend import BackendSettings

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_DOCUMENT = b'{"versions": [{"min_version": "1.0", "max_version": "1.39"}]}'
VERSIONS = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_DOCUMENT), _DOCUMENT)
"""Placement's version document, as far as anyone looks at it."""


class Connection:
    """One accepted connection, as a script sees it."""

    def __init__(self, sock: socket.socket, requests: list[bytes]) -> None:
        self.sock = sock
        self._requests = requests

    def hear(self) -> bytes:
        """The next request; empty when the peer has closed. Recorded, even if it is cut off."""
        heard = b""
        while not is_whole(heard):
            more = self._more()
            if not more:
                self._requests.extend([heard] if heard else [])
                return b""
            heard += more
        self._requests.append(heard)
        return heard

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def _more(self) -> bytes:
        try:
            return self.sock.recv(65536)
        except OSError:
            return b""


def is_whole(request: bytes) -> bool:
    """Whether it has ended, by its own account of where it does."""
    head, end, body = request.partition(b"\r\n\r\n")
    if re.search(rb"(?i)\r\ntransfer-encoding: chunked", head):
        return body.endswith(b"0\r\n\r\n")
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return body.endswith(b"0\r\n\r\n")
    declared = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end) and len(body) >= (int(declared[1]) if declared else 0)


Script = Callable[[Connection], object]


def answering(*answers: bytes, close: bool = False) -> Script:
    """Answers request after request, the last answer again and again; `close` hangs up at once."""

    def script(connection: Connection) -> None:
        remaining = list(answers)
        while connection.hear():
            connection.say(remaining.pop(0) if len(remaining) > 1 else remaining[0])
            if close:
                return

    return script


def placement(connection: Connection) -> None:
    """Enough of Placement to be found ready; `{}` to everything else."""
    while request := connection.hear():
        connection.say(VERSIONS if request.startswith(b"GET / ") else OK)


def dropping(connection: Connection) -> None:
    """Hears one request and hangs up."""
    connection.hear()


class RawBackend:
    """Serves each connection with the next script, the last one again and again.

    :param listener: instead of a port on loopback; this object closes it.
    """

    def __init__(
        self,
        *scripts: Script,
        tls: ssl.SSLContext | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.gone = threading.Semaphore(0)
        """Released each time the script of a connection is over."""
        self._scripts = list(scripts)
        self._tls = tls
        self._socks: list[socket.socket] = []
        self._listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def client(self, **overrides: object) -> Backend:
        return Backend(settings(**({"url": self.url} | overrides)))

    def __enter__(self) -> RawBackend:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for sock in [self._listener, *self._socks]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._socks.append(sock)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock, script), daemon=True).start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError):
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._tls.wrap_socket(sock, server_side=True) if self._tls else sock as stream:
                script(Connection(stream, self.requests))
        self.gone.release()


def settings(url: str, **overrides: object) -> BackendSettings:
    """The section [backend] with deadlines that only a mistake can reach."""
    values = {
        "url": url,
        "credentials": "caller",
        "auth_section": "keystone_authtoken",
        "connect_timeout": 5.0,
        "read_timeout": 5.0,
        "total_timeout": 10.0,
        "cafile": None,
        "certfile": None,
        "keyfile": None,
        "max_answer_bytes": 512 * 1024 * 1024,
    }
    return BackendSettings(**(values | overrides))
