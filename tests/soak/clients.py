"""Clients of a soak: each with things of its own in Placement, so that it knows what must be there.

They never send a request twice.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from soak.asked import UNANSWERED, Asked, Done

MICROVERSION = "placement 1.39"
PAUSE = 0.05
"""Seconds between two requests of a client: the load is to last, not to be the heaviest."""
TIMEOUT = 60.0

Token = Callable[[str], str]


@dataclass(slots=True)
class Thing:
    """Something that one client has made: a provider, or a consumer's allocation.

    :param there: whether it must be there at the end.
    :param written: how often its inventory was written, or None if that is not certain.
    """

    name: str
    there: Done = Done.NO
    written: int | None = 0


@dataclass(slots=True)
class Client:
    """
    :param callers: names of the users that it asks as.
    :param host: a provider of its own, on which it allocates.
    """

    port: int
    token: Token
    callers: tuple[str, ...]
    projects: dict[str, str]
    host: str
    seed: int
    asked: list[Asked] = field(default_factory=list)
    providers: list[Thing] = field(default_factory=list)
    consumers: list[Thing] = field(default_factory=list)
    _connection: http.client.HTTPConnection | None = None

    def run(self, over: threading.Event) -> None:
        """Ask until it is over."""
        chance = random.Random(self.seed)
        turns = itertools.cycle([self._reads, self._provides, self._reads, self._allocates])
        while not over.is_set():
            for _ in next(turns)(chance):
                if over.wait(PAUSE):
                    break
        if self._connection:
            self._connection.close()

    def _reads(self, chance: random.Random) -> Iterator[None]:
        base = "placement:resource_providers"
        project = self.projects[chance.choice([*self.projects])]
        for rule, path, target in (
            (f"{base}:list", f"/resource_providers?uuid={self.host}", {}),
            (f"{base}:show", f"/resource_providers/{self.host}", {}),
            (f"{base}:inventories:list", f"/resource_providers/{self.host}/inventories", {}),
            ("placement:traits:list", "/traits?name=startswith:HW_CPU_X86_AVX", {}),
            ("placement:usages", f"/usages?project_id={project}", {"project_id": project}),
        ):
            self._ask(Asked(self._anyone(chance), rule, "GET", path, target))
            yield

    def _provides(self, chance: random.Random) -> Iterator[None]:
        """A provider, its inventory written once and again, and every other one deleted."""
        thing = Thing(str(uuid.uuid4()))
        self.providers.append(thing)
        base, path = "placement:resource_providers", f"/resource_providers/{thing.name}"
        body: dict[str, Any] = {"name": f"soak-{thing.name}", "uuid": thing.name}
        asked = Asked(self._anyone(chance), f"{base}:create", "POST", "/resource_providers")
        thing.there = self._ask(asked, body).done
        yield
        for total in range(1, 1 + chance.randint(1, 3)):
            if thing.there is not Done.YES or thing.written is None:
                return
            body = {
                "resource_provider_generation": thing.written,
                "inventories": {"VCPU": {"total": total}},
            }
            asked = Asked(
                self._anyone(chance), f"{base}:inventories:update", "PUT", f"{path}/inventories"
            )
            done = self._ask(asked, body).done
            thing.written = None if done is Done.MAYBE else thing.written + (done is Done.YES)
            yield
        if chance.random() < 0.5:
            asked = Asked(self._anyone(chance), f"{base}:delete", "DELETE", path)
            done = self._ask(asked).done
            thing.there = {Done.YES: Done.NO, Done.NO: Done.YES}.get(done, Done.MAYBE)
            yield

    def _allocates(self, chance: random.Random) -> Iterator[None]:
        thing = Thing(str(uuid.uuid4()))
        self.consumers.append(thing)
        path = f"/allocations/{thing.name}"
        body = {
            "allocations": {self.host: {"resources": {"VCPU": 1}}},
            "project_id": next(iter(self.projects.values())),
            "user_id": "soak",
            "consumer_generation": None,
            "consumer_type": "SOAK",
        }
        asked = Asked(self._anyone(chance), "placement:allocations:update", "PUT", path)
        thing.there = self._ask(asked, body).done
        yield
        if thing.there is Done.YES and chance.random() < 0.7:
            asked = Asked(self._anyone(chance), "placement:allocations:delete", "DELETE", path)
            done = self._ask(asked).done
            thing.there = {Done.YES: Done.NO, Done.NO: Done.YES}.get(done, Done.MAYBE)
            yield

    def _anyone(self, chance: random.Random) -> str:
        return chance.choice(self.callers)

    def _ask(self, asked: Asked, document: Any = None) -> Asked:
        headers = {
            "X-Auth-Token": self.token(asked.caller),
            "OpenStack-API-Version": MICROVERSION,
            "X-Openstack-Request-Id": asked.request_id,
        }
        body = None if document is None else json.dumps(document)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.asked.append(asked)
        asked.began = time.monotonic()
        try:
            connection = self._connected()
            connection.request(asked.method, asked.path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            asked.status, asked.error = UNANSWERED, type(error).__name__
            self._hang_up()
        else:
            asked.status = answer.status
            if answer.will_close:
                self._hang_up()
        asked.ended = time.monotonic()
        return asked

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            self._connection.connect()
            self._connection.auto_open = 0  # or http.client would open another one by itself
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
