"""`policy-proxy serve`: granian, built in."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from harness.serve import COMMAND, free_port
from harness.servers.running import APPLICATION, HOST, Running, started


class Granian:
    name = "granian"

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        return metadata.version("granian")

    @contextmanager
    def running(
        self,
        configuration: Path,
        folder: Path,
        *,
        application: str = APPLICATION,
        threads: int = 8,
        processes: int = 1,
    ) -> Iterator[Running]:
        assert application == APPLICATION, "`serve` serves the proxy alone"
        given = folder / "granian.conf"  # oslo.config: what comes later in a file adds to a section
        given.write_text(f"{configuration.read_text()}\n[server]\nthreads = {threads}\n")
        port = free_port()
        where = ["--host", HOST, "--port", str(port), "--workers", str(processes)]
        command = [COMMAND, "serve", "--config-file", given, *where]
        log = folder / "granian.log"
        reload = signal.SIGUSR2  # new workers; SIGHUP is for the policy files
        with started(command, log, port, environment={}, reload_signal=reload) as running:
            yield running
