"""Candidates under load: started, checked, warmed up, and measured by wrk and by their CPU time."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

from bench import tokens, work
from bench.candidates import CANDIDATES
from bench.processes import Running
from bench.rounds import Run, Values
from bench.world import World
from bench.wrk import Generator, Load

_SMALL = work.get()
PRIMERS = 8
"""Connections over which tokens are made known before anything is measured."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the load looks: its kind, connections, different tokens, and seconds of a round."""

    work: work.Work
    connections: int
    tokens: int
    seconds: int


@contextmanager
def started(world: World, names: Sequence[str]) -> Iterator[dict[str, Running]]:
    """The candidates with these names, ready and checked, until the end of the `with` block."""
    with world.part() as part:
        running = {name: CANDIDATES[name].start(part) for name in names}
        for name, one in running.items():
            one.wait()
            _check(world, name, one)
        yield running


def run(world: World, name: str, one: Running, shape: Shape) -> Run:
    """The candidate under this load, as a run of a scene."""

    def warm() -> Load:
        prime(world, one, shape.tokens)
        return sent(world, one, replace(shape, seconds=1))

    def measure() -> Values:
        before = one.cpu()
        seen = sent(world, one, shape)
        return _values(seen, one.cpu() - before)

    return Run(name, measure, warm)


def sent(world: World, one: Running, shape: Shape) -> Load:
    """Send the candidate this load once; what came of it."""
    return Generator(world.folder, world.identities.tokens).run(
        one.url,
        shape.work,
        connections=shape.connections,
        tokens=shape.tokens,
        seconds=shape.seconds,
    )


def _values(load: Load, cpu: float) -> Values:
    """Requests a second, latencies in milliseconds, and CPU in milliseconds a request."""
    return {
        "throughput": load.requests / load.seconds,
        "p50": load.p50 / 1000,
        "p90": load.p90 / 1000,
        "p99": load.p99 / 1000,
        "cpu": cpu / load.requests * 1000,
        "failures": float(load.refused + load.broken),
    }


def counted(world: World, name: str, one: Running, kind: work.Work, count: int) -> Run:
    """The candidate with exactly `count` requests, none cut off by the clock."""
    token = world.identities.token(tokens.CALLER)

    def measure() -> Values:
        connection = http.client.HTTPConnection(urlsplit(one.url).netloc, timeout=60)
        before, failures = one.cpu(), 0
        for _ in range(count):
            failures += _ask(connection, token, kind)[0] >= http.client.BAD_REQUEST
        connection.close()
        return {"cpu": (one.cpu() - before) / count * 1000, "failures": float(failures)}

    return Run(name, measure, measure)


def prime(world: World, one: Running, count: int) -> None:
    """Send a small request with each of so many tokens, so that no round waits for Keystone.

    :raises RuntimeError: if one of them is refused.
    """
    with world.identities.tokens.open(encoding="ascii") as lines:
        known = [line.strip() for line in islice(lines, count)]
    shares = [known[number::PRIMERS] for number in range(PRIMERS)]
    with ThreadPoolExecutor(PRIMERS) as pool:
        list(pool.map(partial(_ask_all, one.url), shares))


def _ask_all(url: str, known: list[str]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    statuses = {_ask(connection, token)[0] for token in known}
    connection.close()
    if statuses - {http.client.OK}:
        raise RuntimeError(f"{url} answered {statuses} to tokens that Keystone issued")


def _ask(
    connection: http.client.HTTPConnection, token: str, kind: work.Work = _SMALL
) -> tuple[int, bytes]:
    headers = {"OpenStack-API-Version": work.MICROVERSION, "Accept": "application/json"}
    if token:
        headers["X-Auth-Token"] = token
    if kind.body:
        headers["Content-Type"] = "application/json"
    connection.request(kind.method, kind.path, body=kind.body or None, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _check(world: World, name: str, one: Running) -> None:
    """That it does what it is measured for: pass on, and refuse whom a guard has to refuse.

    :raises RuntimeError: if it does not, since then nothing is compared.
    """
    guards = CANDIDATES[name].guards
    reader = world.identities.token(tokens.REFUSED)
    caller = world.identities.token(tokens.CALLER)
    wanted = {caller: 200, reader: 403 if guards else 200, "": 401 if guards else 200}
    for token, status in wanted.items():
        connection = http.client.HTTPConnection(urlsplit(one.url).netloc, timeout=60)
        got, body = _ask(connection, token)
        connection.close()
        if got != status or (status == 200 and b'"inventories"' not in body):
            raise RuntimeError(f"{name} answered {got}, not {status}: {body[:300]!r}")
