"""What is asked of the candidates: four kinds of request."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

ITEMS = 10_000
"""Consumers in `POST /allocations`, which makes about 2 MB."""
DELAYS = (0, 10, 50)
"""Milliseconds that the backend may take for its 1 kB answer."""
MICROVERSION = "placement 1.39"
_OWNER = {
    "project_id": "project-1",
    "user_id": "user-1",
    "consumer_generation": None,
    "consumer_type": "INSTANCE",
}


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request. `body` is empty for none. `numbers` take turns as the path's `{n}`."""

    name: str
    method: str
    path: str
    body: bytes = b""
    numbers: int = 1


def provider(delay: int) -> str:
    """The resource provider whose inventories the backend takes `delay` milliseconds to answer.

    So one candidate with one backend can be measured with each delay.
    """
    return f"00000000-0000-4000-8000-0000000000{delay:02d}"


def _inventory(total: int) -> dict[str, float]:
    return {
        "total": total,
        "reserved": 0,
        "min_unit": 1,
        "max_unit": total,
        "step_size": 1,
        "allocation_ratio": 1.0,
    }


def inventories(classes: int, names: str = "CUSTOM_BENCH_{:02d}") -> bytes:
    """Inventories of one provider: an answer of Placement, and the body of a PUT alike."""
    found = {names.format(number): _inventory(16) for number in range(classes)}
    return _compact({"resource_provider_generation": 7, "inventories": found})


def _compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _uuid(number: int) -> str:
    return str(uuid.UUID(int=0x4000_8000_0000_0000_0000 + number))


def _many_allocations() -> bytes:
    """One consumer for each item."""
    one = {
        "allocations": {_uuid(0): {"resources": {"VCPU": 2}}},
        **_OWNER,
    }
    return _compact({_uuid(number): one for number in range(1, ITEMS + 1)})


def _one_allocation() -> bytes:
    """One consumer with as many providers as there are items, and classes for the same size."""
    resources = {"resources": {f"CUSTOM_BENCH_{n}": 1 for n in range(10, 17)}}
    document = {
        "allocations": {_uuid(number): resources for number in range(1, ITEMS + 1)},
        **_OWNER,
    }
    return _compact(document)


def get(delay: int = 0) -> Work:
    return Work("GET 1 kB", "GET", f"/resource_providers/{provider(delay)}/inventories")


def get_of(providers: int) -> Work:
    """The inventories of so many providers in turn, as the nodes of a cloud ask for them."""
    path = "/resource_providers/00000000-0000-4000-9000-{n}/inventories"
    return Work(f"GET 1 kB of {providers}", "GET", path, numbers=providers)


PUT = Work(
    "PUT 2 kB", "PUT", f"/resource_providers/{provider(0)}/inventories", body=inventories(18)
)
POST = Work("POST 2 MB", "POST", "/allocations", body=_many_allocations())
PUT_ONE = Work("PUT 2 MB", "PUT", f"/allocations/{_uuid(1)}", body=_one_allocation())
"""The owner of these allocations stands in the body, where a rule can look: that of `POST` has as
many owners as consumers, of which no rule can speak yet."""
STREAM = Work("GET 20 MB", "GET", "/allocation_candidates?resources=VCPU%3A1")
