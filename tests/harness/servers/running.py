"""What all launchers have in common: a server that runs, and how it is started and ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.serve import Served

ETC = Path(__file__).parents[3] / "etc"
"""The files that operators copy."""
APPLICATION = "policy_proxy.wsgi:application"
HOST = "127.0.0.1"
_PATIENCE = 60.0
"""Seconds that a server may take to end: longer than any of them drains."""


@dataclass(frozen=True, slots=True)
class Running(Served):
    """A running server. `port`, `process`, `log`, `url` and `raw()` are as those of `Served`.

    :param reload_signal: what makes it replace its workers; None where it cannot.
    :param stop_signal: what its systemd unit ends it with.
    """

    host: str = HOST
    reload_signal: signal.Signals | None = None
    stop_signal: signal.Signals = signal.SIGTERM

    def reload(self) -> None:
        """Have it replace its workers; returns at once."""
        assert self.reload_signal is not None, "this server cannot replace its workers"
        self.process.send_signal(self.reload_signal)

    def stop(self) -> int:
        """Have it finish what is in flight and end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        return self.process.wait(_PATIENCE)


class WSGIServer(Protocol):
    """One kind of server."""

    @property
    def name(self) -> str:
        """As the tables call it, and parameters of tests."""

    def missing(self) -> str:
        """What is not installed and how to get it; empty if the server can run."""

    def version(self) -> str:
        """Of the installed one."""

    def running(
        self,
        configuration: Path,
        folder: Path,
        *,
        application: str = APPLICATION,
        threads: int = 8,
        processes: int = 1,
    ) -> AbstractContextManager[Running]:
        """Run it until the `with` block ends; it answers requests when the block begins.

        :param configuration: the proxy's.
        :param folder: for whatever the server needs to write: logs, sockets, copies of files.
        :param threads: of each process.
        :param processes: that handle requests. Whoever has one alone fails for more.
        """


@contextmanager
def started(
    command: Sequence[str | Path],
    log: Path,
    port: int,
    *,
    environment: Mapping[str, str],
    reload_signal: signal.Signals | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    kind: type[Running] = Running,
) -> Iterator[Running]:
    """Start a server with both its streams in `log`, wait until the proxy in it is ready, and stop
    it at the end; it must obey.

    :param environment: in addition to this process's.
    :param kind: for servers whose workers are not simply the children of the process.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    running = kind(port, process, log, HOST, reload_signal, stop_signal)
    try:
        running.wait_until_ready()
        yield running
    finally:
        try:
            running.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def for_proxy(configuration: Path) -> dict[str, str]:
    """The environment that tells the application its configuration."""
    return {"POLICY_PROXY_CONFIG_FILE": str(configuration)}


def fewer_waiting(threads: int) -> str:
    """The section of the proxy's configuration that keeps slow clients from taking all threads, as
    pages in docs/ have it for 32 of them.
    """
    eighth = max(1, threads // 8)
    return (
        f"[limits]\nmax_requests = {threads}\nmax_body_readers = {eighth}\n"
        f"max_small_bodies = {3 * eighth}\nmax_streams = {2 * eighth}\n"
    )
