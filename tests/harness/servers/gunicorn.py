"""gunicorn with its gthread workers, from etc/gunicorn.conf.py."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from harness.serve import free_port
from harness.servers.running import (
    APPLICATION,
    ETC,
    HOST,
    Running,
    fewer_waiting,
    for_proxy,
    started,
)


@dataclass(frozen=True, slots=True)
class Gunicorn:
    """:param options: of gunicorn, beside those in the file."""

    name: str = "gunicorn"
    options: tuple[str, ...] = ()

    def missing(self) -> str:
        return "" if find_spec("gunicorn") else "gunicorn is not installed: pip install gunicorn"

    def version(self) -> str:
        return metadata.version("gunicorn")

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
        port = free_port()
        given = folder / "gunicorn-proxy.conf"
        given.write_text(f"{configuration.read_text()}\n{fewer_waiting(threads)}")
        command = [
            *(sys.executable, "-m", "gunicorn", "--config", ETC / "gunicorn.conf.py"),
            *("--bind", f"{HOST}:{port}"),
            *("--workers", str(processes), "--threads", str(threads)),
            *self.options,
            application,
        ]
        with started(
            command,
            folder / "gunicorn.log",
            port,
            environment=for_proxy(given),
            reload_signal=signal.SIGHUP,
        ) as running:
            yield running
