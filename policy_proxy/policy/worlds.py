"""Other callers and targets, that differ from given ones so that some facts hold.

Checks compare texts for being equal, and do nothing else with them. So, to find out whether facts
can hold together, it is enough to try for each attribute that they name the values that it is
compared with, one that nothing else has, and absence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from math import prod
from typing import Any

from policy_proxy.model import Identity
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nodes import (
    BY_ITSELF,
    Asked,
    Attributes,
    Credentials,
    HasRole,
    Literal,
    Matches,
    Node,
    Text,
)
from policy_proxy.policy.snapshot import scope_of
from policy_proxy.policy.ways import Way

MOST = 20_000
"""Worlds that are tried for one way."""

SCOPES = ("project_id", "domain_id", "system_scope")
_SINGLE = (*TEXTS, "is_admin_project", "system")
_SAME = {"system": "system_scope"}
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


def worlds(world: World, way: Way, scopes: Collection[str]) -> Iterator[World]:
    """Worlds in which every fact of the way holds, and the token has one of the scopes.

    :param way: facts about changeable checks.
    :param scopes: empty for any scope.
    """
    return _where(world, way, scopes, _values(world, way))


def brought_about(world: World, told: Way, way: Way, scopes: Collection[str]) -> bool:
    """Whether the whole way holds wherever the told facts hold and nothing else is different.

    A token that gets another scope loses the one that it had; and it is one that the rule is for.

    :param told: facts of the way.
    :param scopes: empty for any scope.
    """
    free = {place for node, _ in told for place in _compared(world, node)[0]}
    if scopes and world.scope() not in scopes:
        free |= {("caller", name) for name in SCOPES}
    values = {place: some for place, some in _values(world, way).items() if place in free}
    if not _covered(way, values):
        return False
    tried = [
        all(made.holds(node) is value for node, value in way)
        for made in _where(world, told, scopes, values)
    ]
    return bool(tried) and all(tried)


def _where(
    world: World, way: Way, scopes: Collection[str], values: Mapping[Place, list[str | None]]
) -> Iterator[World]:
    """
    :param values: what to try in each place; others stay as they are.
    """
    for some in islice(product(*values.values()), MOST):
        chosen = dict(zip(values, some, strict=True))
        made = _made(world, _without_other_scopes(world, chosen), way)
        if (
            (not scopes or made.scope() in scopes)
            and sum(bool(made.creds.get(name)) for name in SCOPES) <= 1
            and all(made.holds(node) is value for node, value in way)
        ):
            yield made


def _without_other_scopes(
    world: World, chosen: Mapping[Place, str | None]
) -> Mapping[Place, str | None]:
    """What is chosen, and no other scope beside a scope that is."""
    scopes = [("caller", name) for name in SCOPES]
    new = any(chosen.get(place) not in (None, world.value(place)) for place in scopes)
    return {**dict.fromkeys(scopes), **chosen} if new else chosen


def all_tried(world: World, way: Way) -> bool:
    """Whether there is no other world than those of `worlds` that could matter."""
    return _covered(way, _values(world, way))


def _covered(way: Way, values: Mapping[Place, list[str | None]]) -> bool:
    texts = [_text(node) for node, _ in way]
    plain = all(text.form == f"%({text.names[0]})s" for text in texts if text.names)
    return plain and prod(map(len, values.values())) <= MOST


def _text(node: Any) -> Text:
    text: Text = node.name if isinstance(node, HasRole) else node.wanted
    return text


def _values(world: World, way: Way) -> dict[Place, list[str | None]]:
    """What to try in each place that can change, its present value first."""
    groups = [_compared(world, node) for node, _ in way]
    pools: dict[Place, set[str]] = {("caller", name): set() for name in SCOPES}
    pools["caller", "system_scope"].add("all")
    for places, constants in groups:
        for place in places:
            pools.setdefault(place, set()).update(constants)
    for place, pool in pools.items():
        pool.update({f"another {place[1]}", world.value(place) or ""} - {""})
    for _ in groups:  # as many steps as a value can have to go
        for places, _constants in groups:
            shared = set[str]().union(*(pools[place] for place in places))
            pools.update(dict.fromkeys(places, shared))
    return {
        place: list(dict.fromkeys([world.value(place), None, *sorted(pool)]))
        for place, pool in pools.items()
        if place[0] == "caller" or place[1] in world.supplied
    }


def _compared(world: World, node: Any) -> tuple[list[Place], set[str]]:
    """The places whose values a check compares, and the constants that it compares them with."""
    text = _text(node)
    places = [world.place(name) for name in text.names]
    constants = {text.filled(world.target) or ""} - {""}
    if isinstance(node, Literal):
        constants.add(node.value)
    elif isinstance(node, Matches) and node.path[0] in _SINGLE:
        places.append(("caller", _SAME.get(node.path[0], node.path[0])))
    elif places:
        constants.update(
            world.creds.get("roles" if isinstance(node, HasRole) else node.path[0], ())
        )
    return places, constants


def _made(world: World, chosen: Mapping[Place, str | None], way: Way) -> World:
    creds, target = dict(world.creds), dict(world.target)
    for (whose, name), value in chosen.items():
        (creds if whose == "caller" else target)[name] = value or ""
    target |= {name: str(creds.get(name, "")) for name in world.own}
    creds |= {name: creds.get(same, "") for name, same in _SAME.items()}
    creds = {name: value for name, value in creds.items() if value != ""}
    for node, wanted in way:
        if isinstance(node, HasRole):
            creds["roles"] = _listed(creds.get("roles", ()), node, target, str.lower, wanted=wanted)
        elif isinstance(node, Matches) and node.path[0] in LISTS:
            name = node.path[0]
            creds[name] = _listed(creds.get(name, ()), node, target, str, wanted=wanted)
    return replace(world, creds=creds, target={k: v for k, v in target.items() if v})


def _listed(
    had: Collection[str], node: Node, target: Attributes, key: Callable[[str], str], *, wanted: bool
) -> list[str]:
    """The entries with the one that the check asks for, or without it.

    :param key: entries for which it is the same count as the same.
    """
    entry = _text(node).filled(target)
    if entry is None:
        return list(had)
    others = [one for one in had if key(one) != key(entry)]
    if not wanted:
        return others
    return [*had, entry] if len(others) == len(had) else list(had)
