"""Child processes: started with a log file, watched while they start, stopped without a trace."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from policy_proxy.errors import ConfigurationError

START_TIMEOUT = 180.0
"""Seconds that a child may take until it answers."""
STOP_TIMEOUT = 10.0
"""Seconds that a child may take to end after SIGTERM; then it is killed."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child process. It leads a process group, which holds all that it starts."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """:raises ConfigurationError: if the process has ended."""
        code = self.process.poll()
        if code is not None:
            sentence = f"{self.name} ended with exit code {code}: see {self.log}"
            raise ConfigurationError([f"{sentence}: {_last_line(self.log)}"])

    def wait_for(self, url: str) -> None:
        """Return when GET `url` answers 200.

        :raises ConfigurationError: if the process ends instead, or takes too long.
        """
        deadline = time.monotonic() + START_TIMEOUT
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    [f"{self.name} is not ready after {START_TIMEOUT:g} s: see {self.log}"]
                )
            time.sleep(0.1)


class Children:
    """The processes of one stack, in the order in which they were started."""

    def __init__(self) -> None:
        self._started: list[Child] = []

    def start(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> Child:
        """Start `command` (its first word is a path); `environment` is added to this process's."""
        bound = [sys.executable, "-m", "policy_proxy.embedded.bound", str(os.getpid()), *command]
        with log.open("wb") as output, _held_back():
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                bound,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )
            child = Child(name, log, process)
            self._started.append(child)
        return child

    def wait(self) -> None:
        """Return never: block until a child ends.

        :raises ConfigurationError: naming the child that ended.
        """
        while True:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for child in self._started:
                child.check()

    def stop(self) -> None:
        """Stop all, the last started first."""
        for child in reversed(self._started):
            _stop(child.process)


@contextmanager
def children() -> Iterator[Children]:
    """Processes that end with the `with` block, however it ends."""
    started = Children()
    try:
        yield started
    finally:
        with _undisturbed():
            started.stop()


@contextmanager
def _held_back() -> Iterator[None]:
    """A signal in the middle of a start would leave a process behind that nobody knows of.

    A child inherits the mask; `bound` takes it off.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave a process behind."""
    handlers = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)
    }
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it is empty")
