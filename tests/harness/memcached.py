"""A memcached for tests: `get` and `set` of its text protocol, and a look at what it holds.

https://github.com/memcached/memcached/blob/master/doc/protocol.txt
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Memcached(ThreadingTCPServer):
    """`entries` are the stored values, by key; a test may change them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries: dict[bytes, tuple[bytes, bytes]] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def overwrite(self, value: bytes, flags: bytes = b"0") -> None:
        """Put `value` in the place of every one, as whoever can write to the cache could."""
        self.entries = dict.fromkeys(self.entries, (flags, value))


class _Handler(StreamRequestHandler):
    server: Memcached

    def handle(self) -> None:
        for line in self.rfile:
            command, *words = line.split()
            if command == b"set":
                key, flags, _, length = words[:4]
                self.server.entries[key] = (flags, self.rfile.read(int(length) + 2)[:-2])
                self.wfile.write(b"STORED\r\n")
            elif command == b"get":
                for key in words:
                    if key in self.server.entries:
                        flags, value = self.server.entries[key]
                        head = b"VALUE %b %b %d\r\n" % (key, flags, len(value))
                        self.wfile.write(head + value + b"\r\n")
                self.wfile.write(b"END\r\n")
            else:
                self.wfile.write(b"ERROR\r\n")


@contextmanager
def memcached() -> Iterator[Memcached]:
    """One that serves on a free loopback port until the end of the `with` block."""
    with Memcached() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
