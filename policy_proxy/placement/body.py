"""Bodies: the type at the top, and the names that are keys.

Placement matches keys with patterns that let through more than they mean: 36 dashes are a consumer,
a newline may follow, and a key of `inventories` that misses the pattern escapes the schema. Policy
reads these keys, so each must have one spelling. Everything else about a body is left to Placement,
which answers 400 in its own words.

Source: `placement/schemas` of openstack-placement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set
from typing import Any

from policy_proxy.errors import Malformed
from policy_proxy.model import BodyRule, Operation
from policy_proxy.placement.parameters import CANONICAL_UUID, MAX_ID, shown

CLASS = re.compile(r"[A-Z0-9_]+")
NIL = "00000000-0000-0000-0000-000000000000"
ZEROS = bytes.maketrans(b"123456789abcdef", b"0" * 15)
MOST_VALUES = 10_000
"""Traits or aggregates of one provider. With some hundred thousand SQLite gives up with a 500."""

OWNER = ("project_id", "user_id")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_body(operation: Operation, document: Any) -> None:
    """Look at a parsed body, once over its keys and without copying it.

    :param document: the body as parsed from JSON; None for `null`, and for no body.
    :raises Malformed: if the type at the top is wrong, a key is no canonical UUID or no resource
        class where one belongs, or an owner's id holds control characters or is longer than
        Placement takes.
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
    _keyed_by_class([_member(body, "inventories")], "inventories")


def _allocations(body: Any) -> None:
    _each_consumer([body])


def _consumers(body: Any) -> None:
    _keyed_by_uuid([body], "the consumers")
    if isinstance(body, dict):
        _each_consumer(body.values())


def _each_consumer(bodies: Iterable[Any]) -> None:
    """One look at the allocations of all consumers. Before 1.12 they were lists, without keys."""
    objects = _objects(bodies)
    for name in OWNER:
        owners = {owner for body in objects if isinstance(owner := body.get(name), str)}
        if CONTROL.search("".join(owners)):
            raise Malformed(f"JSON does not validate: {name} must not hold control characters")
        if max(map(len, owners), default=0) > MAX_ID:
            raise Malformed(
                f"JSON does not validate: {name} is too long (Failed validating 'maxLength')"
            )
    _keyed_by_uuid([body.get("allocations") for body in objects], "allocations")


def _reshaping(body: Any) -> None:
    inventories = _member(body, "inventories")
    _keyed_by_uuid([inventories], "inventories")
    if isinstance(inventories, dict):
        each = [_member(provider, "inventories") for provider in inventories.values()]
        _keyed_by_class(each, "inventories")
    _consumers(_member(body, "allocations"))


def _member(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _objects(documents: Iterable[Any]) -> list[dict[str, Any]]:
    """Whatever is none is Placement's to refuse."""
    return [document for document in documents if isinstance(document, dict)]


def _keyed_by_uuid(documents: Iterable[Any], where: str) -> None:
    _keyed(_objects(documents), CANONICAL_UUID, _are_uuids, where)


def _keyed_by_class(documents: Iterable[Any], where: str) -> None:
    _keyed(_objects(documents), CLASS, _are_classes, where)


def _keyed(
    objects: list[dict[str, Any]],
    key: re.Pattern[str],
    are_all: Callable[[Set[str]], bool],
    where: str,
) -> None:
    """Refuse objects of which a name does not match.

    There may be ten thousand names, so they are looked at together.
    """
    if are_all(set[str]().union(*objects)):
        return
    wrong = next(name for one in objects for name in one if not key.fullmatch(name))
    raise Malformed(
        f"JSON does not validate: '{shown(wrong)}' in {where} does not match any of the "
        f"regexes: '^{key.pattern}$'"
    )


def _are_uuids(names: Set[str]) -> bool:
    """With zeros for all digits each is the same. It takes a sixth of the time of the pattern."""
    together = " ".join(names).encode("ascii", "replace").translate(ZEROS)
    return together == " ".join([NIL] * len(names)).encode()


def _are_classes(names: Set[str]) -> bool:
    return not names or ("" not in names and bool(CLASS.fullmatch("".join(names))))


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
