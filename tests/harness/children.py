"""Servers as child processes: there from when they listen, and gone at the end."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 30.0
"""Seconds that one may take to listen, and to end."""


@contextmanager
def listening(
    command: Sequence[str | Path],
    port: int,
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    by: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command until the `with` block ends; the block begins when it listens.

    :param port: of loopback, where it listens.
    :param log: takes all that it says.
    :param environment: all that it has; this process's if there is none.
    :param by: what it is ended by.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        _wait(process, port, log)
        yield process
    finally:
        end(process, by)


def end(
    process: subprocess.Popen[bytes],
    by: signal.Signals = signal.SIGTERM,
    patience: float = PATIENCE,
) -> int:
    """Have a process end, unless it has; its exit code.

    :raises subprocess.TimeoutExpired: if it does not obey. It is killed then.
    """
    process.send_signal(by)
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"it ended:\n{log.read_text()}"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline, f"it does not listen:\n{log.read_text()}"
            time.sleep(0.02)
        else:
            return
