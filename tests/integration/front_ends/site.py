"""A front end between a client and a recording backend, and what is true of every request to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.keystone import Grant
from harness.oracle import Received, assert_decided, misleading
from harness.proxy import ADMIN
from harness.serve import Served
from integration.raw_backend import RawBackend

UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"
PROVIDER = f"/resource_providers/{UUID}"
OUTBOUND = {
    "accept", "accept-encoding", "connection", "content-length", "content-type", "host",
    "openstack-api-version", "transfer-encoding", "user-agent", "via", "x-auth-token",
    "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-server",
    "x-openstack-request-id", "x-real-ip", "x-service-token",
}  # fmt: skip
"""What a proxy of ours would send, and what front ends add: `via`, `x-real-ip`, `x-forwarded-*`."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a client got, what was decided, and what the backend heard."""

    answer: bytes
    records: list[dict[str, Any]]
    heard: list[Received]

    @property
    def status(self) -> int:
        return int(self.answer.split(b" ", 2)[1]) if self.answer else 0

    def field(self, name: str) -> str | None:
        head = self.answer.partition(b"\r\n\r\n")[0].decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        return fields.get(name)

    @property
    def body(self) -> bytes:
        return self.answer.partition(b"\r\n\r\n")[2]


@dataclass(frozen=True, slots=True)
class Site:
    """A front end between a client and a recording backend, with the authorizer beside it."""

    name: str
    front: Served
    audit: Path
    backend: RawBackend
    issue: Callable[[Grant], str]

    def send(self, raw: bytes, *, answers: int = 1) -> Exchange:
        """Bytes as they are, over a connection of their own."""

        return self.watch(
            lambda: self.front.raw(raw, timeout=2, enough=lambda heard: whole(heard) == answers)
        )

    def watch(self, client: Callable[[], bytes]) -> Exchange:
        """What comes of what a client does, who gives the answer that it got."""
        before = len(self._lines())
        self.backend.requests.clear()
        answer = client().removeprefix(CONTINUE)
        records = [json.loads(line) for line in self._lines()[before:]]
        return Exchange(answer, records, [Received.read(raw) for raw in self.backend.requests])

    def ask(self, target: str, *lines: str, method: str = "GET", grant=ADMIN, body: bytes = b""):
        token = [f"X-Auth-Token: {self.issue(grant)}"] if grant else []
        return self.send(request(method, target, *token, *lines, body=body))

    def _lines(self) -> list[str]:
        return self.audit.read_text().splitlines() if self.audit.exists() else []


@dataclass(frozen=True, slots=True)
class RealSite:
    """The same in front of a real Placement."""

    name: str
    front: Served
    audit: Path


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def whole(heard: bytes) -> int:
    """How many answers have come whole.

    Not to wait until they hang up: Envoy takes a second for it with a client that it refuses.
    """
    heard = heard.removeprefix(CONTINUE)
    head, end, body = heard.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if not end or length is None or len(body) < int(length[1]):
        return 0
    return 1 + whole(body[int(length[1]) :])


def request(
    method: str, target: str, *lines: str, version: str = "1.1", body: bytes = b""
) -> bytes:
    head = [f"{method} {target} HTTP/{version}", "Host: placement.example", "Connection: close"]
    return "\r\n".join([*head, *lines]).encode("latin-1") + b"\r\n\r\n" + body


def assert_agreed(exchange: Exchange) -> None:
    """Nothing reached the backend, or what was decided."""
    allowed = [record for record in exchange.records if record["outcome"] == "allowed"]
    assert len(exchange.heard) == len(allowed) <= 1
    for heard, record in zip(exchange.heard, allowed, strict=True):
        assert_decided(heard, record)
        assert_harmless(heard)
        assert len(heard.values("x-auth-token")) <= 1
        assert [host.partition(":")[0] for host in heard.values("host")] == ["127.0.0.1"]
    if not exchange.heard:
        assert exchange.status not in range(200, 300)


def assert_harmless(heard: Received) -> None:
    """Of the headers of a client there is none that somebody could believe."""
    assert not misleading({name for name, _ in heard.fields})
