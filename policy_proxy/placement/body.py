"""Bodies: the type at the top, and the names that are keys.

Placement matches keys with patterns that let through more than they mean: 36 dashes are a consumer,
a newline may follow, and a key of `inventories` that misses the pattern escapes the schema. Policy
reads these keys, so each must have one spelling. Everything else about a body is left to Placement,
which answers 400 in its own words.

Source: `placement/schemas` of openstack-placement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from policy_proxy.errors import Malformed
from policy_proxy.model import BodyRule, Operation
from policy_proxy.placement.parameters import CANONICAL_UUID, shown

CLASS = re.compile(r"[A-Z0-9_]+")
MOST_VALUES = 10_000
"""Traits or aggregates of one provider. With some hundred thousand SQLite gives up with a 500."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_body(operation: Operation, document: Any) -> None:
    """Look at a parsed body, once over its keys and without copying it.

    :param document: the body as parsed from JSON; None for `null`, and for no body.
    :raises Malformed: if the type at the top is wrong, a key is no canonical UUID or no resource
        class where one belongs, or an owner's id holds control characters.
    """
    if operation.body is BodyRule.NONE:
        return
    if operation.body is BodyRule.OPTIONAL and document is None:
        return
    route = (operation.method, operation.template)
    if isinstance(document, list) and route == MAY_BE_LIST:
        _bounded(document, "the body")
        return
    if not isinstance(document, dict):
        raise Malformed("JSON does not validate: the body is not of type 'object'")
    if route in CHECKS:
        CHECKS[route](document)


def _bounded(values: Any, where: str) -> None:
    """Placement looks all of them up in one statement, and databases bound what one may hold."""
    if isinstance(values, list) and len(values) > MOST_VALUES:
        raise Malformed(f"JSON does not validate: {where} has more than {MOST_VALUES} entries")


def _traits(body: Any) -> None:
    _bounded(_member(body, "traits"), "traits")


def _aggregates(body: Any) -> None:
    _bounded(_member(body, "aggregates"), "aggregates")


def _inventories(body: Any) -> None:
    _values(_member(body, "inventories"), CLASS, "inventories")


def _allocations(body: Any) -> None:
    """The allocations of one consumer. Before 1.12 they were a list, which has no keys."""
    for owner in ("project_id", "user_id"):
        value = _member(body, owner)
        if isinstance(value, str) and CONTROL.search(value):
            raise Malformed(f"JSON does not validate: {owner} must not hold control characters")
    _values(_member(body, "allocations"), CANONICAL_UUID, "allocations")


def _consumers(body: Any) -> None:
    for allocations in _values(body, CANONICAL_UUID, "the consumers"):
        _allocations(allocations)


def _reshaping(body: Any) -> None:
    for inventories in _values(_member(body, "inventories"), CANONICAL_UUID, "inventories"):
        _inventories(inventories)
    _consumers(_member(body, "allocations"))


def _member(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _values(document: Any, key: re.Pattern[str], where: str) -> Iterable[Any]:
    """The values of an object, its keys checked; none of anything else, which Placement refuses."""
    if not isinstance(document, dict):
        return ()
    for name in document:
        if not key.fullmatch(name):
            raise Malformed(
                f"JSON does not validate: '{shown(name)}' in {where} does not match any of the "
                f"regexes: '^{key.pattern}$'"
            )
    return document.values()


# Before 1.19 the body was the bare list of aggregates.
MAY_BE_LIST = ("PUT", "/resource_providers/{uuid}/aggregates")

CHECKS = {
    ("PUT", "/resource_providers/{uuid}/inventories"): _inventories,
    ("PUT", "/allocations/{consumer_uuid}"): _allocations,
    ("POST", "/allocations"): _consumers,
    ("POST", "/reshaper"): _reshaping,
    ("PUT", "/resource_providers/{uuid}/traits"): _traits,
    ("PUT", "/resource_providers/{uuid}/aggregates"): _aggregates,
}
