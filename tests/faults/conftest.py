"""Real parts: `policy-proxy serve` over sockets, between servers that misbehave."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from harness.keystone import Keystone
from harness.proxy import ADMIN


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told, and after how many seconds."""

    status: int
    raw: bytes
    seconds: float

    @property
    def retry_after(self) -> bool:
        return b"retry-after: " in self.raw.partition(b"\r\n\r\n")[0].lower()


@dataclass(frozen=True, slots=True)
class Client:
    """Asks a served proxy over connections of its own."""

    served: object
    keystone: Keystone

    def ask(self, target="/traits", method="GET", token=None, timeout=20.0, lines=(), body=b""):
        token = self.keystone.issue(ADMIN) if token is None else token
        head = [f"{method} {target} HTTP/1.1", "Host: h", "Connection: close"]
        head += [f"X-Auth-Token: {token}", *lines]
        began = time.monotonic()
        raw = self.served.raw("\r\n".join(head).encode() + b"\r\n\r\n" + body, timeout=timeout)
        status = int(raw.split(b" ", 2)[1]) if raw else 0
        return Told(status, raw, time.monotonic() - began)

    def ask_at_once(self, asks):
        """Each of `asks` holds the keywords of one `ask`."""
        with ThreadPoolExecutor(max(1, min(len(asks), 50))) as pool:
            return list(pool.map(lambda one: self.ask(**one), asks))


@pytest.fixture(scope="session")
def client_of(keystone):
    return lambda served: Client(served, keystone)
