"""What is attacked: the proxy in each server, and servers that ask the authorizer."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from attack.case import Case, Expected
from attack.oracle import Happened, not_outbound
from attack.request import answers_in, request_of
from attack.wire import exchanged
from harness import nginx
from harness.asked import section
from harness.front_ends import NAMES, front_end
from harness.keystone import Grant, Keystone
from harness.oracle import misleading
from harness.programs import missing
from harness.proxy import ADMIN, READER, configuration
from harness.serve import serving
from harness.servers import SERVERS, Options, WSGIServer, launched
from integration.raw_backend import OK, VERSIONS, Connection, RawBackend

SERVICE = Grant("nova", ("service",), "service")
_VERSIONS = VERSIONS.replace(b"\r\n", b"\r\nContent-Type: application/json\r\n", 1)
_SETTLED = 0.3
"""Seconds after which a request whose client is gone has reached the backend, and is recorded."""
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

    :param barred: of these names of header fields, those that must not reach the backend.
    :param asked: whether a front end asks the proxy, and forwards by itself.
    """

    name: str
    port: int
    recorder: Recorder
    audit: Path
    tokens: Mapping[str, str]
    barred: Callable[[Iterable[str]], set[str]] = not_outbound
    asked: bool = False
    _read: int = field(default=0)

    def attacked(self, case: Case) -> Happened:
        """Send the case, and see what happens."""
        self.recorder.answer = OK if case.answer is None else case.answer
        self.recorder.taken()
        self.records()
        sent = request_of(case, self.tokens)
        heard = exchanged(self.port, sent, half_close=case.half_close)
        answers = list(answers_in(heard, to_head=sent.startswith(b"HEAD ")))
        if not answers:  # what was begun for a client that is gone may still go on
            time.sleep(_SETTLED)
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
        with launched(server, Options(path, folder)) as running:
            yield Target(
                server.name, running.port, recorder, folder / "audit.jsonl", world.tokens()
            )


@contextmanager
def asking(name: str, world: World, folder: Path) -> Iterator[Target]:
    """A front end that asks the authorizer, in front of a recorder."""
    recorder = Recorder()
    more = {"body": "whole"} if name == "envoy" else {}
    path = configuration(
        folder,
        backend="http://nowhere.invalid",
        keystone=world.url,
        password=world.password,
        options=section(name, **more),
    )
    log = folder / "audit.jsonl"
    with recorder as backend, serving(path) as authorizer:
        if name == "nginx":
            addresses = nginx.authorizing(authorizer.url, backend.url)
            with nginx.serving(folder, "nginx-authorizer.conf", addresses) as url:
                port = int(url.rpartition(":")[2])
                yield Target(
                    name, port, recorder, log, world.tokens(), _barred_by_nginx, asked=True
                )
        else:
            with front_end(
                name, folder / "front", authorizer=authorizer.port, placement=backend.port
            ) as front:
                yield Target(
                    name, front.port, recorder, log, world.tokens(), misleading, asked=True
                )


def _barred_by_nginx(names: Iterable[str]) -> set[str]:
    return not_outbound(names) - {"connection"}


FRONT_ENDS = ("nginx", *NAMES)
TARGETS = (*SERVERS, *FRONT_ENDS)
WHOLE = ("granian", "nginx")
VARIABLE = "ATTACKS"
"""`all`: every case on every target, as `make attack` does."""
_SHARE = 3


def running(name: str, world: World, folder: Path) -> AbstractContextManager[Target]:
    """The target of this name; whoever has not what it needs is told by `missing`."""
    if name in FRONT_ENDS:
        return asking(name, world, folder)
    if why := SERVERS[name].missing():
        missing(why)
    return proxied(SERVERS[name], world, folder)


def expected(case: Case, name: str) -> Expected:
    """What must come of a case on a target.

    A front end may make a path plain before it asks: what is decided is then what it forwards, and
    the oracle compares the two.
    """
    found = case.expected_of(name)
    if name in FRONT_ENDS and name not in case.elsewhere and case.name.startswith("1-"):
        return replace(found, outcome="either", status=found.status | {200, 400})
    return found


def chosen(number: int, case: Case, name: str) -> bool:
    """Whether the case of this number is tried on a target: all are where every one is asked for,
    and on the server and the front end that most will use; each on a third of the others, and on
    two at least, the next one on the next ones.
    """
    if os.environ.get(VARIABLE) == "all" or name in WHOLE:
        return True
    others = [other for other in TARGETS if other not in WHOLE and applies(case, other)]
    share = -(-len(others) // _SHARE)
    return (others.index(name) - number * share) % len(others) < share


def applies(case: Case, name: str) -> bool:
    """Whether a case can be tried on a target.

    A front end but Envoy tells the authorizer nothing of bodies, and all of them pass on what the
    backend answers, each within its means: docs/ has a page for each.
    """
    section, _, _ = case.name.partition("/")
    if name in FRONT_ENDS:
        return section != "6-answers" and (section != "4-body" or name == "envoy")
    return True
