"""waitress, from etc/waitress_server.py."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from importlib import metadata
from importlib.util import find_spec

from harness.servers.launching import ETC, Launch, Options, for_proxy
from harness.servers.running import HOST, Running


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

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        assert options.processes == 1, "waitress has one process"
        where = ["--listen", f"{HOST}:{port}", "--threads", str(options.threads)]
        command = [sys.executable, ETC / "waitress_server.py", *where, options.application]
        return Launch(command, for_proxy(options.configuration), kind=Alone)
