"""How every server is started and ended; what each of them adds is a `Launch`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.serve import free_port
from harness.servers.running import HOST, Running

ETC = Path(__file__).parents[3] / "etc"
"""The files that operators copy."""
APPLICATION = "policy_proxy.wsgi:application"


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever starts a server chooses.

    :param configuration: the proxy's.
    :param folder: for whatever the server needs to write: logs, sockets, copies of files.
    :param threads: of each process.
    :param processes: that handle requests. Whoever has one alone fails for more.
    """

    configuration: Path
    folder: Path
    application: str = APPLICATION
    threads: int = 8
    processes: int = 1

    @property
    def log(self) -> Path:
        """What the server says goes there."""
        return self.folder / "server.log"

    def configured(self, sections: str) -> Path:
        """A copy of the configuration with more sections: in oslo.config, what comes later in a
        file adds to what is there.
        """
        path = self.folder / "proxy-in-server.conf"
        path.write_text(f"{self.configuration.read_text()}\n{sections}")
        return path

    def fewer_waiting(self) -> str:
        """The section that keeps slow clients from taking all threads, as docs/ has it for 32."""
        eighth = max(1, self.threads // 8)
        return (
            f"[limits]\nmax_requests = {self.threads}\nmax_body_readers = {eighth}\n"
            f"max_small_bodies = {3 * eighth}\nmax_streams = {2 * eighth}\n"
        )


@dataclass(frozen=True, slots=True)
class Launch:
    """What one kind of server adds.

    :param environment: in addition to this process's.
    :param kind: for servers whose workers are not simply the children of the process.
    """

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    reload_signal: signal.Signals | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    kind: Callable[..., Running] = Running


class WSGIServer(Protocol):
    """One kind of server."""

    @property
    def name(self) -> str:
        """As the tables call it, and parameters of tests."""

    def missing(self) -> str:
        """What is not installed and how to get it; empty if the server can run."""

    def version(self) -> str:
        """Of the installed one."""

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        """Write the files that it is to be started with.

        :param port: where it is to listen.
        :param over: closed when the server has ended.
        """


@contextmanager
def launched(server: WSGIServer, options: Options) -> Iterator[Running]:
    """Run a server until the `with` block ends, and it must obey. The proxy in it is ready when the
    block begins.
    """
    port = free_port()
    with ExitStack() as over:
        launch = server.launch(options, port, over)
        with options.log.open("wb") as output:
            process = subprocess.Popen(
                launch.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **launch.environment},
            )
        signals = launch.reload_signal, launch.stop_signal
        running = launch.kind(port, process, options.log, HOST, *signals)
        over.callback(running.stop)
        running.wait_until_ready()
        yield running


def for_proxy(configuration: Path) -> dict[str, str]:
    """The environment that tells the application its configuration."""
    return {"POLICY_PROXY_CONFIG_FILE": str(configuration)}
