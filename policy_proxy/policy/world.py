"""Who asks, and for what; and what could be otherwise in that.

Checks compare texts for being equal, and do nothing else with them. So, to find out whether facts
can hold together, it is enough to try for each attribute that they name the values that it is
compared with, one that nothing else has, and absence.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from policy_proxy.model import Identity
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nodes import BY_ITSELF, Asked, HasRole, Literal, Matches, Node
from policy_proxy.policy.snapshot import scope_of
from policy_proxy.policy.values import Attributes, Credentials, Text
from policy_proxy.policy.ways import Way

SCOPES = ("project_id", "domain_id", "system_scope")
_SINGLE = (*TEXTS, "is_admin_project", "system")
SAME = {"system": "system_scope"}
"""A second name, and the attribute that it stands for."""

Place = tuple[str, str]
"""`caller` or `target`, and the name of an attribute."""


@dataclass(frozen=True, slots=True)
class World:
    """Who asks, and for what.

    :param supplied: the attributes of the target that a request can choose.
    :param own: the attributes of the target that are always the caller's of the same name.
    :param asked: what checks of extensions need to know.
    """

    creds: Credentials
    target: Attributes
    supplied: Collection[str] = ()
    own: Collection[str] = ()
    asked: Asked = BY_ITSELF

    def holds(self, node: Node) -> bool:
        return node.holds(self.creds, self.target, self.asked)

    def scope(self) -> str:
        """The scope of the caller's token."""
        domain, system = self.creds.get("domain_id", ""), self.creds.get("system_scope", "")
        return scope_of(Identity(domain_id=domain, system_scope=system))

    def value(self, place: Place) -> str | None:
        whose, name = place
        value = self.creds.get(name) if whose == "caller" else self.target.get(name)
        return None if value is None or value == "" else str(value)

    def place(self, name: str) -> Place:
        """Where the value of an attribute of the target comes from."""
        return ("caller" if name in self.own else "target"), name


def changeable(node: Node) -> bool:
    """Whether another caller or target can give this single check another value."""
    if isinstance(node, Literal):
        return bool(node.wanted.names)
    if isinstance(node, Matches):
        return len(node.path) == 1 and node.path[0] in (*_SINGLE, *LISTS)
    return isinstance(node, HasRole)


def values_of(world: World, way: Way) -> dict[Place, list[str | None]]:
    """What to try in each place that can change, its present value first."""
    groups = [compared(world, node) for node, _ in way]
    pools: dict[Place, set[str]] = {("caller", name): set() for name in SCOPES}
    pools["caller", "system_scope"].add("all")
    for places, constants in groups:
        for place in places:
            pools.setdefault(place, set()).update(constants)
    for place, pool in pools.items():
        present = world.creds.get(place[1], ()) if _is_list(place) else [world.value(place) or ""]
        pool.update({f"another {place[1]}", *present} - {""})
    for _ in groups:  # as many steps as a value can have to go
        for places, _constants in groups:
            shared = set[str]().union(*(pools[place] for place in places))
            pools.update(dict.fromkeys(places, shared))
    return {
        place: list(dict.fromkeys([world.value(place), None, *sorted(pool)]))
        for place, pool in pools.items()
        if (place[0] == "caller" and not _is_list(place)) or place[1] in world.supplied
    }


def _is_list(place: Place) -> bool:
    """Whether it has any number of values: they are made as a fact wants them."""
    return place[0] == "caller" and place[1] in LISTS


def compared(world: World, node: Any) -> tuple[list[Place], set[str]]:
    """The places whose values a check compares, and the constants that it compares them with."""
    text = text_of(node)
    places = [world.place(name) for name in text.names]
    constants = {text.filled(world.target) or ""} - {""}
    if isinstance(node, Literal):
        constants.add(node.value)
    elif isinstance(node, Matches) and node.path[0] in _SINGLE:
        places.append(("caller", SAME.get(node.path[0], node.path[0])))
    else:
        places.append(("caller", "roles" if isinstance(node, HasRole) else node.path[0]))
    return places, constants


def text_of(node: Any) -> Text:
    text: Text = node.name if isinstance(node, HasRole) else node.wanted
    return text
