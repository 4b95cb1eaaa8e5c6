"""gunicorn with its gthread workers, from etc/gunicorn.conf.py."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec

from harness.servers.launching import ETC, Launch, Options, for_proxy
from harness.servers.running import HOST


@dataclass(frozen=True, slots=True)
class Gunicorn:
    """:param arguments: of gunicorn, beside those in the file."""

    name: str = "gunicorn"
    arguments: tuple[str, ...] = ()

    def missing(self) -> str:
        return "" if find_spec("gunicorn") else "gunicorn is not installed: pip install gunicorn"

    def version(self) -> str:
        return metadata.version("gunicorn")

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        command = [
            *(sys.executable, "-m", "gunicorn", "--config", ETC / "gunicorn.conf.py"),
            *("--bind", f"{HOST}:{port}"),
            *("--workers", str(options.processes), "--threads", str(options.threads)),
            *self.arguments,
            options.application,
        ]
        given = options.configured(options.fewer_waiting())
        return Launch(command, for_proxy(given), reload_signal=signal.SIGHUP)
