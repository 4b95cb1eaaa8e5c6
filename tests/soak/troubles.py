"""What is done to the proxy while it works, and which answers each of it excuses."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.stack import eventually
from soak import policies
from soak.asked import UNANSWERED, Asked
from soak.site import Site

GRACE = 5.0
"""Seconds after a fault in which its answers still come: connections come back, waits end."""
SLOW_CLIENTS = 30


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was done, from when to when.

    :param excuses: the statuses that clients may see meanwhile, and `GRACE` longer.
    """

    name: str
    began: float
    ended: float
    excuses: frozenset[int]

    def explains(self, asked: Asked) -> bool:
        meanwhile = asked.began <= self.ended + GRACE and asked.ended >= self.began
        return meanwhile and asked.status in self.excuses


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    do: Callable[[Site, float], None]
    excuses: frozenset[int] = frozenset()


def _keystone_refuses(site: Site, seconds: float) -> None:
    site.keystone.close()
    time.sleep(seconds)
    site.keystone.open()


def _keystone_is_silent(site: Site, seconds: float) -> None:
    site.keystone.speaks.clear()
    time.sleep(3 * seconds)  # in long soaks longer than the proxy waits for it
    site.keystone.speaks.set()


def _backend_is_cut(site: Site, seconds: float) -> None:
    for _ in range(10):
        site.backend.cut()
        time.sleep(seconds / 10)


def _backend_dies_of_writes(site: Site, seconds: float) -> None:
    """Whether Placement still does what it has read, nobody can tell."""
    site.backend.bites.set()
    time.sleep(seconds)
    site.backend.bites.clear()


def _backend_refuses(site: Site, seconds: float) -> None:
    site.backend.close()
    time.sleep(seconds)
    site.backend.open()


def _slow_clients(site: Site, seconds: float) -> None:
    """Each sends its head a byte at a time, and never all of it."""
    ends = [socket.create_connection(("127.0.0.1", site.served.port)) for _ in range(SLOW_CLIENTS)]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for one in ends:
            try:
                one.sendall(b"G")
            except OSError:
                continue
        time.sleep(0.3)
    for one in ends:
        one.close()


def _restart(site: Site, _: float) -> None:
    before = {*site.served.worker_pids()}
    site.served.process.send_signal(signal.SIGUSR2)
    _others_than(site, before)


def _kill(site: Site, _: float) -> None:
    victim = site.served.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    _others_than(site, {victim})


def _others_than(site: Site, gone: set[int]) -> None:
    def there() -> bool:
        now = {*site.served.worker_pids()}
        return len(now) == site.workers and not now & gone

    eventually(there, 120)
    eventually(site.served.ready, 60)


def _reload(site: Site, _: float) -> None:
    site.served.process.send_signal(signal.SIGHUP)


def _broken_policy(site: Site, seconds: float) -> None:
    with site.writing:
        text = site.policy.read_text()
        policies.put(site.policy, policies.BROKEN)
        time.sleep(seconds)
        policies.put(site.policy, text)


_UNAVAILABLE = frozenset({503})
_GATEWAY = frozenset({502, 503, 504})
OFTEN = (
    Kind("Keystone refuses", _keystone_refuses, _UNAVAILABLE),
    Kind("connections to Placement are cut", _backend_is_cut, _GATEWAY),
    Kind("slow clients", _slow_clients),
    Kind("writes to Placement are cut", _backend_dies_of_writes, _GATEWAY),
    Kind("Keystone is silent", _keystone_is_silent, _UNAVAILABLE),
    Kind("broken policy file", _broken_policy),
    Kind("Placement refuses", _backend_refuses, _GATEWAY),
    Kind("SIGHUP", _reload),
)
WORKERS = (
    Kind("restart", _restart),
    Kind("SIGKILL of a worker", _kill, frozenset({UNANSWERED})),
)
"""Only in the middle third: the others compare what workers have that live for long."""


class Troublemaker:
    """Does one after the other until it is over."""

    def __init__(self, site: Site, length: float) -> None:
        self._site, self._length = site, length
        self.done: list[Trouble] = []
        self.now = ""

    def run(self, over: threading.Event) -> None:
        began = time.monotonic()
        long, pause = min(5.0, self._length / 20), min(8.0, self._length / 40)
        turn = {True: 0, False: 0}
        while not over.wait(pause):
            passed = (time.monotonic() - began) / self._length
            if passed > 0.9:  # what was begun must have ended when the clients end
                return
            middle = 1 / 3 < passed < 2 / 3
            kinds = WORKERS if middle else OFTEN
            self._do(kinds[turn[middle] % len(kinds)], long)
            turn[middle] += 1

    def _do(self, kind: Kind, seconds: float) -> None:
        began, self.now = time.monotonic(), kind.name
        kind.do(self._site, seconds)
        self.done.append(Trouble(kind.name, began, time.monotonic(), kind.excuses))
        self.now = ""


def change_policies(site: Site, every: float, over: threading.Event) -> None:
    """Another policy again and again; what was in force from when on is kept at the site."""
    chance = random.Random(site.seed)
    while not over.wait(every):
        with site.writing:
            site.put_policy(chance.choice(policies.TEXTS))
