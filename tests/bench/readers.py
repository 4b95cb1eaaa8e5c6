"""Clients that take a large answer again and again, each at the speed of a network.

`python -m bench.readers URL PATH TOKENS COUNT BYTES_A_SECOND`: COUNT connections, with the first
token of the file TOKENS, until it is told to stop. wrk reads as fast as it can, which is as fast as
all CPUs allow, so that nothing else is left for anybody.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 128 * 1024
"""Bytes that a client takes at once; its kernel holds no more for it."""
_HEAD_END = b"\r\n\r\n"


@contextmanager
def reading(url: str, path: str, tokens: Path, count: int, rate: int) -> Iterator[None]:
    """`count` clients that each read `rate` bytes a second, until the end of the `with` block."""
    command = [sys.executable, __file__, url, path, str(tokens), str(count), str(rate)]
    with subprocess.Popen(command) as process:
        try:
            yield
            if process.poll() is not None:
                raise RuntimeError(
                    f"the readers of {url} ended with exit code {process.returncode}"
                )
        finally:
            process.terminate()


def _read(address: tuple[str, int], request: bytes, rate: int) -> None:
    """One answer after the other, each over a connection of its own."""
    while True:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
            client.connect(address)
            client.sendall(request)
            began, taken = time.monotonic(), 0
            while piece := client.recv(CHUNK):
                if not taken and not piece.startswith(b"HTTP/1.1 200"):
                    sys.exit(f"no answer to read: {piece.partition(_HEAD_END)[0]!r}")
                taken += len(piece)
                time.sleep(max(0.0, began + taken / rate - time.monotonic()))


def main(url: str, path: str, tokens: str, count: int, rate: int) -> None:
    with Path(tokens).open(encoding="ascii") as lines:
        token = next(lines).strip()
    parts = urlsplit(url)
    head = (
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"X-Auth-Token: {token}",
        "OpenStack-API-Version: placement 1.39",
        "Accept: application/json",
        "Connection: close",
    )
    request = "\r\n".join(head).encode() + _HEAD_END
    address = (str(parts.hostname), parts.port or 80)
    threads = [threading.Thread(target=_read, args=(address, request, rate)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
