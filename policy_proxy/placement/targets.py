"""Targets: what check strings may name in `%(...)s`, and which operation supplies it.

An attribute that an operation does not supply, or that is empty, is left out of the target: what is
absent must match nothing, not even another absence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policy_proxy.model import Identity, Operation, Request, Target
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import parameters_of


def target(request: Request, identity: Identity) -> Target:
    """The attributes that a check string may name for this request: only those with a value."""
    found = {
        parameter.attribute: request.params[parameter.name]
        for parameter in parameters_of(request.operation)
    }
    found.update(_owner_reader(request.operation)(request, identity))
    return {attribute: value for attribute, value in found.items() if value}


def _of_query(request: Request, _identity: Identity) -> Target:
    return {key: value for key, value in request.query if key in OWNER}


def _of_body(request: Request, _identity: Identity) -> Target:
    """The owner that the allocations shall have; before 1.8 the body names none."""
    body = request.document if isinstance(request.document, dict) else {}
    return {key: body[key] for key in OWNER if isinstance(body.get(key), str)}


def _of_each(request: Request, _identity: Identity) -> Target:
    """The owner that all consumers in the body shall have; none if they differ, or one has none.

    So a check that names the owner says yes only where it would for each consumer by itself.
    """
    body = request.document if isinstance(request.document, dict) else {}
    consumers = [each if isinstance(each, dict) else {} for each in body.values()]
    found = {}
    for key in OWNER:
        first = consumers[0].get(key) if consumers else None
        if isinstance(first, str) and all(each.get(key) == first for each in consumers):
            found[key] = first
    return found


def _of_nobody(_request: Request, _identity: Identity) -> Target:
    """A reshaping is of providers as much as of consumers: nobody owns it."""
    return {}


def _of_caller(_request: Request, identity: Identity) -> Target:
    """Placement's own target where nothing else is meant (`RequestContext.can`)."""
    return {"project_id": identity.project_id, "user_id": identity.user_id}


OWNER = ("project_id", "user_id")

OWNER_READERS: Mapping[tuple[str, str], Callable[[Request, Identity], Target]] = {
    ("GET", "/usages"): _of_query,
    ("PUT", "/allocations/{consumer_uuid}"): _of_body,
    ("POST", "/allocations"): _of_each,
    ("POST", "/reshaper"): _of_nobody,
}


def _owner_reader(operation: Operation) -> Callable[[Request, Identity], Target]:
    return OWNER_READERS.get((operation.method, operation.template), _of_caller)


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an attribute means, and the operations that can supply it."""

    meaning: str
    operations: tuple[Operation, ...]


def _with_parameter(attribute: str) -> tuple[Operation, ...]:
    return tuple(
        operation
        for operation in OPERATIONS
        if attribute in [parameter.attribute for parameter in parameters_of(operation)]
    )


def _with_owner() -> tuple[Operation, ...]:
    return tuple(
        operation
        for operation in OPERATIONS
        if not operation.public and _owner_reader(operation) is not _of_nobody
    )


ATTRIBUTES: Mapping[str, Attribute] = {
    "resource_provider.uuid": Attribute(
        "The resource provider in the path: its UUID in lower case, with dashes.",
        _with_parameter("resource_provider.uuid"),
    ),
    "resource_class": Attribute(
        "The resource class in the path.", _with_parameter("resource_class")
    ),
    "trait": Attribute("The trait in the path.", _with_parameter("trait")),
    "consumer.uuid": Attribute(
        "The consumer in the path: its UUID in lower case, with dashes.",
        _with_parameter("consumer.uuid"),
    ),
    "project_id": Attribute(
        "The project that the usages are asked of (GET /usages), the project that the allocations "
        "shall belong to (PUT /allocations/{consumer_uuid}, from 1.8; POST /allocations, where it "
        "is the same for all consumers: those of several projects give none), elsewhere the "
        "caller's own.",
        _with_owner(),
    ),
    "user_id": Attribute(
        "The user that the usages are asked of, if one is named (GET /usages), the user that the "
        "allocations shall belong to (PUT /allocations/{consumer_uuid}, from 1.8; POST "
        "/allocations, where it is the same for all consumers), elsewhere the caller.",
        _with_owner(),
    ),
}


def supplied() -> dict[str, frozenset[str]]:
    """For each rule the attributes that its operations can supply."""
    rules = {operation.rule for operation in OPERATIONS if not operation.public}
    return {
        rule: frozenset(
            name
            for name, attribute in ATTRIBUTES.items()
            if rule in [operation.rule for operation in attribute.operations]
        )
        for rule in rules
    }


OPTIONAL: Mapping[tuple[str, str], frozenset[str]] = {
    ("GET", "/usages"): frozenset({"user_id"}),
    ("PUT", "/allocations/{consumer_uuid}"): frozenset(OWNER),
    ("POST", "/allocations"): frozenset(OWNER),
}
"""What a request can leave out: there a check under `not` holds for whoever does."""


def optional() -> dict[str, frozenset[str]]:
    """For each rule the attributes that a request for one of its operations can lack."""
    found: dict[str, frozenset[str]] = {}
    for operation in OPERATIONS:
        names = OPTIONAL.get((operation.method, operation.template))
        if names:
            found[operation.rule] = found.get(operation.rule, frozenset()) | names
    return found
