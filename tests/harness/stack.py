"""`policy-proxy up` in a process of its own, started as a person starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from policy_proxy.embedded import ports

READY_TIMEOUT = 90.0
"""Seconds: what is promised of `policy-proxy up`."""
COMMAND = Path(sys.executable).with_name("policy-proxy")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running `policy-proxy up`; `output` is the file with what it printed."""

    state_dir: Path
    url: str
    output: Path
    process: subprocess.Popen[bytes]

    @property
    def clouds_file(self) -> Path:
        return self.state_dir / "clouds.yaml"

    @property
    def clouds(self) -> dict[str, Any]:
        clouds: dict[str, Any] = yaml.safe_load(self.clouds_file.read_text())["clouds"]
        return clouds

    @property
    def keystone_url(self) -> str:
        return str(self.clouds["admin"]["auth"]["auth_url"])

    @property
    def placement_url(self) -> str:
        """Of Placement itself, past the proxy."""
        config = RawConfigParser()
        config.read(self.state_dir / "policy-proxy.conf")
        return config["backend"]["url"]

    def session(self, cloud: str) -> Session:
        """A keystoneauth session of one of the users; its `placement` endpoint is the proxy."""
        return Session(auth=v3.Password(**self.clouds[cloud]["auth"]))

    def stop(self, number: signal.Signals) -> int:
        """Send the signal to the command alone, as `kill` does; gives its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def starting(state_dir: Path, *options: str) -> Iterator[Stack]:
    """Start it on a free port and do not wait until it is ready."""
    port = ports.free()
    output = state_dir.with_name(f"{state_dir.name}-{port}.out")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [COMMAND, "up", "--state-dir", state_dir, "--port", str(port), *options],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield Stack(state_dir, f"http://127.0.0.1:{port}", output, process)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def running(state_dir: Path, *options: str) -> Iterator[Stack]:
    """Start it on a free port; it has said that it is ready."""
    with starting(state_dir, *options) as stack:
        eventually(lambda: _says_ready(stack), READY_TIMEOUT)
        yield stack


def _says_ready(stack: Stack) -> bool:
    said = stack.output.read_text()
    assert stack.process.poll() is None, said
    return f"ready {stack.url}" in said.splitlines()


def eventually(condition: Callable[[], Any], timeout: float = 30.0) -> None:
    """Return when the condition holds; fail when it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = 0.005
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:g} s"
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def processes_of(state_dir: Path) -> dict[int, str]:
    """Every process that works for this state directory: its id and its command line."""
    name = os.fsencode(state_dir)
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if name in command or name in (process / "environ").read_bytes():
                found[int(process.name)] = os.fsdecode(command.replace(b"\0", b" "))
        except OSError:  # it has just ended
            continue
    return found
