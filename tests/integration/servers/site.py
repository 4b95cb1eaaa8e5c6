"""The proxy in one of the servers, between raw sockets and a backend that keeps what it hears."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.keystone import Grant, Keystone
from harness.proxy import ADMIN
from harness.servers import Running
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, Connection, RawBackend

PASSES = "passes"
REFUSED = "refused"
JSON = "Content-Type: application/json"
UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"
LARGE = 48 << 20
"""Bytes of an answer that no buffer on the way can hold."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_ID = re.compile(rb"\r\nX-Openstack-Request-Id: (\S+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `by` tells who answered: the `proxy`, or the `server` around it."""

    raw: bytes

    @property
    def status(self) -> int:
        """uWSGI repeats before it whatever it was sent as the version of HTTP."""
        found = re.match(rb"[^\r\n]*? (\d{3}) [A-Z]", self.raw)
        return int(found[1]) if found else 0

    @property
    def by(self) -> str:
        return "proxy" if "x-openstack-request-id" in self.headers else "server"

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    def __str__(self) -> str:
        """As the table shows it."""
        if not self.raw:
            return "no answer"
        if not self.status:
            return "no status"
        passes = self.status < 300 and self.by == "proxy"
        return PASSES if passes else f"{self.status} {self.by}"


@dataclass(slots=True)
class Scripted:
    """The backend's part: what it answers depends on what is asked."""

    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each write that waits for `go_on`."""
    go_on: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    """Bytes of the last large answer that have left."""

    def __call__(self, connection: Connection) -> None:
        while request := connection.hear():
            line = request.partition(b"\r\n")[0]
            if line.startswith(b"GET / "):
                connection.say(VERSIONS)
            elif b"name=large" in line:
                self._say_much(connection)
            elif b"name=cut" in line:
                connection.say(*_cut(line))
                return
            elif b"CUSTOM_SLOW" in line:
                self.asked.release()
                self.go_on.wait(20)
                connection.say(b"HTTP/1.1 204 No Content\r\n\r\n")
            elif line.startswith(b"POST "):
                connection.say(_created(request))
            else:
                connection.say(OK)

    def _say_much(self, connection: Connection) -> None:
        self.sent = 0
        connection.say(_HEAD, b"Content-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE >> 16):
            connection.say(b" " * (1 << 16))
            self.sent += 1 << 16


def _cut(line: bytes) -> tuple[bytes, ...]:
    """Much is announced, and less said: by a length, or in chunks."""
    half = b" " * (1 << 20)
    if b"chunked" in line:
        return (_HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n", half, b"\r\n")
    return (_HEAD, b"Content-Length: %d\r\n\r\n" % (2 << 20), half)


def _created(request: bytes) -> bytes:
    host = re.search(rb"(?i)\r\nhost: (\S+)", request)
    assert host
    place = b"http://%s/resource_providers/%s" % (host[1], UUID.encode())
    return b"HTTP/1.1 201 Created\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % place


@dataclass(frozen=True, slots=True)
class Site:
    """A server that runs, and all that is around it."""

    name: str
    running: Running
    backend: RawBackend
    script: Scripted
    keystone: Keystone
    folder: Path

    def request(
        self,
        method: str,
        target: str,
        *lines: str,
        body: bytes = b"",
        grant: Grant | None = ADMIN,
        version: str = "HTTP/1.1",
    ) -> bytes:
        """The bytes of one request; a body's length is in none of them unless a line says it."""
        token = [f"X-Auth-Token: {self.keystone.issue(grant)}"] if grant else []
        head = [f"{method} {target} {version}", "Host: h", *token, *lines]
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body

    def ask(self, method: str, target: str, *lines: str, **more: Any) -> Answer:
        """One request on a connection of its own, and what is heard until that is closed."""
        how = {name: more.pop(name) for name in ("timeout", "half_close") if name in more}
        return self.say(self.request(method, target, "Connection: close", *lines, **more), **how)

    def say(self, sent: bytes, **how: Any) -> Answer:
        return Answer(self.running.raw(sent, **how))

    def forwarded(self) -> list[bytes]:
        """What the backend got of clients. The proxy's own looks at it have no request id."""
        return [raw for raw in list(self.backend.requests) if _ID.search(raw)]

    def records(self) -> list[dict[str, Any]]:
        """The audit records so far."""
        path = self.folder / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def is_recorded(self, answer: Answer) -> bool:
        """Whether the audit file has what the proxy answered; its line may come later."""
        request_id = answer.headers["x-openstack-request-id"]

        def found() -> bool:
            return any(record["request_id"] == request_id for record in self.records())

        eventually(found, 10)
        return True

    @contextmanager
    def as_decided(self) -> Iterator[list[bytes]]:
        """What the backend gets in the block is what was decided: each request is in the audit
        file, as allowed, with the same method and path. Gives what it got, when the block is over.
        """
        before, known = len(self.forwarded()), len(self.records())
        got: list[bytes] = []
        yield got
        got += self.forwarded()[before:]
        ids = {_id(raw) for raw in got}

        def decided() -> dict[str, dict[str, Any]]:
            return {r["request_id"]: r for r in self.records()[known:] if r["request_id"] in ids}

        assert len(ids) == len(got), "one went out twice"
        eventually(lambda: decided().keys() == ids, 10)
        for raw in got:
            method, target, _ = raw.split(b"\r\n", 1)[0].decode().split(" ")
            record = decided()[_id(raw)]
            assert record["outcome"] == "allowed"
            assert (record["method"], record["path"] or "/") == (method, target.partition("?")[0])


def status_of(running: Running, request: bytes) -> int:
    """Of the answer to one request. A connection that is refused or reset is an error."""
    with socket.create_connection((running.host, running.port)) as sock:
        sock.settimeout(20)
        sock.sendall(request)
        heard = b""
        while chunk := sock.recv(65536):
            heard += chunk
    return Answer(heard).status


def _id(raw: bytes) -> str:
    found = _ID.search(raw)
    assert found
    return found[1].decode()
