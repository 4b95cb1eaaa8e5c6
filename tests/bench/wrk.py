"""Load from wrk: https://github.com/wg/wrk. Its numbers come from `request.lua`, as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import system
from bench.work import Work

LONGEST = 60
"""Seconds."""
_SCRIPT = Path(__file__).with_name("request.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw: latencies in microseconds.

    :param refused: answers with a status of 400 or more.
    :param broken: connections that failed, and answers that did not come within a minute.
    """

    requests: int
    seconds: float
    bytes: int
    p50: float
    p90: float
    p99: float
    refused: int
    broken: int


@dataclass(frozen=True, slots=True)
class Generator:
    """Sends one kind of request. `tokens` is a file with a token a line.

    :param folder: where the body is kept for wrk to read.
    """

    folder: Path
    tokens: Path

    def run(self, url: str, work: Work, *, connections: int, tokens: int, seconds: int) -> Load:
        """Send for so many seconds, over as many connections, with that many different tokens.

        As long again, and again, if that was too short for a single answer.

        :raises RuntimeError: if wrk fails, or no request is answered in a minute.
        """
        while True:
            command = self._command(url, work, connections, tokens, seconds)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            load = parse(done.stdout, done.stderr)
            if load.requests:
                return load
            if seconds > LONGEST:
                raise RuntimeError(f"no answer in {seconds} s to {work.name} at {url}")
            seconds *= 3

    @contextmanager
    def running(
        self, url: str, work: Work, *, connections: int, tokens: int, seconds: int
    ) -> Iterator[None]:
        """The same in the background, until the end of the `with` block, or of so many seconds."""
        command = self._command(url, work, connections, tokens, seconds)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()

    def _command(
        self, url: str, work: Work, connections: int, tokens: int, seconds: int
    ) -> list[str]:
        body = ""
        if work.body:
            body = str(self.folder / f"{work.name.replace(' ', '-')}.json")
            Path(body).write_bytes(work.body)
        size = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"]
        script = ["--latency", "-s", str(_SCRIPT), url, "--"]
        what = [work.method, work.path, str(self.tokens), str(tokens), body, str(work.numbers)]
        return [system.program("wrk"), *size, *script, *what]


def parse(output: str, errors: str = "") -> Load:
    """The line of JSON in wrk's output.

    :raises RuntimeError: if there is none.
    """
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise RuntimeError(f"wrk failed: {errors.strip() or output.strip()}")
    return Load(**json.loads(line))
