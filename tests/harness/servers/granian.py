"""`policy-proxy serve`: granian, built in."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from importlib import metadata

from harness.serve import COMMAND
from harness.servers.launching import APPLICATION, Launch, Options
from harness.servers.running import HOST


class Granian:
    name = "granian"

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        return metadata.version("granian")

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        assert options.application == APPLICATION, "`serve` serves the proxy alone"
        given = options.configured(f"[server]\nthreads = {options.threads}\n")
        where = ["--host", HOST, "--port", str(port), "--workers", str(options.processes)]
        return Launch(
            [COMMAND, "serve", "--config-file", given, *where],
            reload_signal=signal.SIGUSR2,  # new workers; SIGHUP is for the policy files
        )
