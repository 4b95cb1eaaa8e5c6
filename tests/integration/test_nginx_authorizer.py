"""nginx, as etc/nginx-authorizer.conf has it, in front of a backend that keeps what it gets."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import asked, nginx, serve
from harness.keystone import Grant
from harness.proxy import ADMIN, READER, configuration
from integration.raw_backend import RawBackend

UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"


@dataclass(frozen=True, slots=True)
class Front:
    """nginx and what is behind it."""

    url: str
    backend: RawBackend
    folder: Path
    token: str

    def raw(self, sent: bytes) -> bytes:
        """Send bytes as they are, and read until nginx hangs up or says nothing more."""
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port), timeout=5) as sock:
            sock.sendall(sent)
            heard = b""
            sock.settimeout(1)
            try:
                while chunk := sock.recv(65536):
                    heard += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return heard

    def ask(self, target: str, *lines: str, method: str = "GET", token: str = "", body: bytes = b""):
        head = [f"{method} {target} HTTP/1.1", "Host: placement", "Connection: close", *lines]
        if token != "-":
            head.append(f"X-Auth-Token: {token or self.token}")
        return self.raw("\r\n".join([*head, "", ""]).encode("latin-1") + body)

    def records(self):
        return [json.loads(x) for x in (self.folder / "audit.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def front(tmp_path_factory, backend, keystone, keystone_url, password):
    folder = tmp_path_factory.mktemp("nginx")
    path = configuration(
        folder,
        backend="http://nowhere.invalid",
        keystone=keystone_url,
        password=password,
        options=asked.section("nginx"),
    )
    with (
        serve.serving(path) as authorizer,
        nginx.serving(
            folder, "nginx-authorizer.conf", nginx.authorizing(authorizer.url, backend.url)
        ) as url,
    ):
        yield Front(url, backend, folder, keystone.issue(ADMIN))
