"""What is attacked: the proxy in each server, and servers that ask the authorizer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attack.case import Case
from attack.oracle import OUTBOUND, Happened
from attack.request import answers_in, request_of
from attack.wire import exchanged
from harness.keystone import Grant, Keystone
from harness.proxy import ADMIN, READER, configuration
from harness.servers import SERVERS, WSGIServer
from integration.raw_backend import OK, VERSIONS, Connection, RawBackend

SERVICE = Grant("nova", ("service",), "service")
_VERSIONS = VERSIONS.replace(b"\r\n", b"\r\nContent-Type: application/json\r\n", 1)
CALLERS: Mapping[str, Grant] = {"admin": ADMIN, "reader": READER, "service": SERVICE}


class Recorder:
    """Stands in Placement's place: says what it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.answer = OK
        self._backend = RawBackend(self._script)
        self._lock = threading.Lock()

    def _script(self, connection: Connection) -> None:
        while request := connection.hear():
            connection.say(_VERSIONS if request.startswith(b"GET / ") else self.answer)
            if self.answer is not OK:
                return

    def __enter__(self) -> RawBackend:
        return self._backend.__enter__()

    def __exit__(self, *what: Any) -> None:
        self._backend.__exit__(*what)

    def taken(self) -> list[bytes]:
        """What it got since it was last asked."""
        with self._lock:
            got, self._backend.requests[:] = [*self._backend.requests], []
        return got


@dataclass(slots=True)
class Target:
    """A server that can be attacked.

    :param outbound: the header fields that may reach the backend.
    """

    name: str
    port: int
    recorder: Recorder
    audit: Path
    tokens: Mapping[str, str]
    outbound: frozenset[str] = OUTBOUND
    _read: int = field(default=0)

    def attacked(self, case: Case) -> Happened:
        """Send the case, and see what happens."""
        self.recorder.answer = OK if case.answer is None else case.answer
        self.recorder.taken()
        self.records()
        sent = request_of(case, self.tokens)
        heard = exchanged(self.port, sent, half_close=case.half_close)
        answers = list(answers_in(heard, to_head=sent.startswith(b"HEAD ")))
        grant = CALLERS.get(case.who)
        caller = (grant.user, grant.roles) if grant else None
        return Happened(answers, self.recorder.taken(), self.records(), caller)

    def records(self) -> list[Mapping[str, Any]]:
        """The audit records since the last look."""
        with self.audit.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        return [json.loads(line) for line in new.splitlines()]


@dataclass(frozen=True, slots=True)
class World:
    """The Keystone that all targets share."""

    keystone: Keystone
    url: str
    password: str

    def tokens(self) -> dict[str, str]:
        return {name: self.keystone.issue(grant) for name, grant in CALLERS.items()}


@contextmanager
def proxied(server: WSGIServer, world: World, folder: Path) -> Iterator[Target]:
    """The proxy in this server, in front of a recorder."""
    recorder = Recorder()
    with recorder as backend:
        path = configuration(
            folder, backend=backend.url, keystone=world.url, password=world.password
        )
        with server.running(path, folder) as running:
            yield Target(
                server.name, running.port, recorder, folder / "audit.jsonl", world.tokens()
            )


TARGETS = dict(SERVERS)
