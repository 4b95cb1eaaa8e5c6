"""`policy-proxy serve` as a child process, as an operator runs it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.children import end

COMMAND = str(Path(sys.executable).with_name("policy-proxy"))


@dataclass(frozen=True, slots=True)
class Served:
    """A running proxy."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(
        self,
        sent: bytes,
        *,
        timeout: float = 5.0,
        half_close: bool = False,
        enough: Callable[[bytes], bool] = lambda _: False,
    ) -> bytes:
        """Send bytes as they are, and read until the proxy hangs up or says nothing more; or until
        it is `enough`.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            sock.settimeout(timeout)
            sock.sendall(sent)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            heard = b""
            try:
                while not enough(heard) and (chunk := sock.recv(65536)):
                    heard += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return heard

    def listens(self) -> bool:
        """Whether connections are taken, be it ready or not."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthcheck")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while not self.ready():
            assert self.process.poll() is None, f"the proxy ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"not ready:\n{self.log.read_text()}"
            time.sleep(0.05)

    def worker_pids(self) -> list[int]:
        """The processes that handle requests: the children of the one that was started."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def serving(configuration: Path, *arguments: str, wait: bool = True) -> Iterator[Served]:
    """Run the proxy with this configuration; it gets SIGTERM at the end, and must obey."""
    port = free_port()
    log = configuration.with_suffix(".log")
    command = [COMMAND, "serve", "--config-file", str(configuration), "--port", str(port)]
    with log.open("wb") as stderr:
        process = subprocess.Popen([*command, *arguments], stderr=stderr, env=dict(os.environ))
    served = Served(port, process, log)
    try:
        if wait:
            served.wait_until_ready()
        yield served
    finally:
        end(process)
