"""The proxy in a process of its own, started as an operator starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0

Sections = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running `policy-proxy serve`; `log` is what it wrote to stderr."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def wait_until_ready(self) -> None:
        """Return when `GET /healthcheck` answers 200."""
        deadline = time.monotonic() + START_TIMEOUT
        while (answer := self._health()) != "200":
            assert self.process.poll() is None, f"the proxy ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"{answer}\n{self.log.read_text()}"
            time.sleep(0.1)

    def _health(self) -> str:
        try:
            answer = httpx.get(f"{self.url}/healthcheck", trust_env=False, timeout=5)
        except httpx.HTTPError as error:
            return str(error)
        return "200" if answer.status_code == 200 else answer.text


@contextmanager
def started(directory: Path, sections: Sections) -> Iterator[Proxy]:
    """Start on a free loopback port, with a configuration file of these sections.

    Does not wait until it is ready, so that several can start at the same time.
    """
    config = directory / "policy-proxy.conf"
    log = directory / "policy-proxy.log"
    _write(config, sections)
    port = _free_port()
    command = [Path(sys.executable).with_name("policy-proxy"), "serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--config-file", config, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Proxy(f"http://127.0.0.1:{port}", log, process)
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT)


def authtoken(keystone_url: str, user: str, password: str) -> dict[str, str]:
    """A `[keystone_authtoken]` that validates tokens as this service user."""
    return {
        "www_authenticate_uri": keystone_url,
        "auth_type": "password",
        "auth_url": keystone_url,
        "username": user,
        "password": password,
        "user_domain_name": "Default",
        "project_name": "service",
        "project_domain_name": "Default",
        "http_connect_timeout": "5",
    }


def _write(path: Path, sections: Sections) -> None:
    parser = RawConfigParser()
    parser.read_dict(sections)
    with path.open("w") as stream:
        parser.write(stream)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
