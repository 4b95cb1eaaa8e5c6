"""A TCP relay that keeps a copy of what goes to the server: a wire tap before the backend."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Relay:
    """`heard` is every byte that clients sent, all connections together."""

    url: str
    heard: bytearray = field(default_factory=bytearray)


@contextmanager
def relaying(server_url: str) -> Iterator[Relay]:
    """Relay connections from a free loopback port to the server."""
    upstream = urlsplit(server_url)
    address = (upstream.hostname, upstream.port)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(address)
                    for args in ((client, server, relay.heard), (server, client, bytearray())):
                        threading.Thread(target=_copy, args=args, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield relay
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            kept += chunk
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
