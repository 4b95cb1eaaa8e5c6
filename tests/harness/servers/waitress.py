"""waitress, from etc/waitress_server.py."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from harness.serve import free_port
from harness.servers.running import APPLICATION, ETC, HOST, Running, for_proxy, started


class Alone(Running):
    """All in one process."""

    def worker_pids(self) -> list[int]:
        return [self.process.pid]


class Waitress:
    name = "waitress"

    def missing(self) -> str:
        return "" if find_spec("waitress") else "waitress is not installed: pip install waitress"

    def version(self) -> str:
        return metadata.version("waitress")

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
        assert processes == 1, "waitress has one process"
        port = free_port()
        where = ["--listen", f"{HOST}:{port}", "--threads", str(threads)]
        command = [sys.executable, ETC / "waitress_server.py", *where, application]
        with started(
            command,
            folder / "waitress.log",
            port,
            environment=for_proxy(configuration),
            kind=Alone,
        ) as running:
            yield running
