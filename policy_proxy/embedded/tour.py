"""A short tour: real requests of the seeded users, each with what it is about and its outcome."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policy_proxy.embedded.stack import Stack
from policy_proxy.embedded.users import CLOUDS

MICROVERSION = "placement 1.39"
UNDEFINED = "placement.undefined_code"
VCPUS = {"resource_class": "VCPU", "total": 16}
SHORT = 60
"""Characters of a body that is worth showing whole."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One request of the tour: what it shows, what was asked, and what came back."""

    shows: str
    method: str
    path: str
    status: int
    answer: str


class Visitor:
    """One of the seeded users, sending requests."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack = stack
        self._session = stack.session(next(user for user in CLOUDS if user.name == name))

    @property
    def project(self) -> str:
        return str(self._session.get_project_id())

    @property
    def user(self) -> str:
        return str(self._session.get_user_id())

    def asks(
        self, shows: str, method: str, path: str, body: Any = None, *, past_the_proxy: bool = False
    ) -> Stop:
        """Send one request to the proxy or, past it, to Placement itself."""
        base = self._stack.placement_url if past_the_proxy else self._stack.proxy_url
        response = self._session.request(
            base + path,
            method,
            json=body,
            headers={"OpenStack-API-Version": MICROVERSION, "Accept": "application/json"},
            raise_exc=False,
        )
        return Stop(shows, method, path, response.status_code, _gist(response.text))


def tour(stack: Stack) -> Iterator[Stop]:
    """Make the requests one after the other. What they create they remove again."""
    reader, nova = Visitor(stack, "alice-reader"), Visitor(stack, "nova")
    provider, consumer = str(uuid.uuid4()), str(uuid.uuid4())
    yield from _a_service_writes(nova, provider, consumer, reader)
    yield from _a_reader_reads(reader, consumer)
    yield from _an_error(nova, provider)
    remove = f"/allocations/{consumer}"
    yield nova.asks("nova removes the allocation: allowed.", "DELETE", remove)
    remove = f"/resource_providers/{provider}"
    yield nova.asks("It removes the provider: allowed.", "DELETE", remove)


def _a_service_writes(
    nova: Visitor, provider: str, consumer: str, owner: Visitor
) -> Iterator[Stop]:
    yield nova.asks(
        "nova's service user makes a resource provider: allowed.",
        "POST",
        "/resource_providers",
        {"name": f"tour-{provider[:8]}", "uuid": provider},
    )
    inventories = f"/resource_providers/{provider}/inventories"
    yield nova.asks("It writes an inventory: allowed.", "POST", inventories, VCPUS)
    allocation = {
        "allocations": {provider: {"resources": {"VCPU": 2}}},
        "project_id": owner.project,
        "user_id": owner.user,
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }
    yield nova.asks(
        "It allocates 2 VCPUs to project alpha: allowed.",
        "PUT",
        f"/allocations/{consumer}",
        allocation,
    )


def _a_reader_reads(reader: Visitor, consumer: str) -> Iterator[Stop]:
    yield reader.asks(
        "alice-reader lists what her project alpha uses: allowed.",
        "GET",
        f"/usages?project_id={reader.project}",
    )
    yield reader.asks("She deletes the allocation: refused.", "DELETE", f"/allocations/{consumer}")
    yield reader.asks("She lists the resource providers: refused.", "GET", "/resource_providers")


def _an_error(nova: Visitor, provider: str) -> Iterator[Stop]:
    again = ("POST", f"/resource_providers/{provider}/inventories", VCPUS)
    yield nova.asks(
        "nova writes the same inventory again. Placement itself, past the proxy, says:",
        *again,
        past_the_proxy=True,
    )
    yield nova.asks(
        "Through the proxy: the code that clients act on is kept, the inside is not shown.", *again
    )


def _gist(text: str) -> str:
    """Of an error its detail, and its code if it has one of its own; of an answer, a short one."""
    errors = json.loads(text or "{}").get("errors")
    if not errors:
        return text if len(text) <= SHORT else ""
    detail = errors[0]["detail"].rpartition("\n\n")[2].strip()
    code = errors[0]["code"]
    return detail if code == UNDEFINED else f"{code}: {detail}"
