"""The rules in force: what each says, where it comes from, and what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy_proxy.policy.explain import DEFAULT
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference, leaves_of
from policy_proxy.policy.snapshot import PolicySnapshot


@dataclass(frozen=True, slots=True)
class Listed:
    """One rule in force.

    :param check: what it says, every reference replaced by what that rule says.
    :param origin: `file:line`, or `default`.
    :param uses: the rules that it refers to, directly or not, each with its own origin.
    :param operations: what it decides, each as `METHOD /path`; none for a rule of helpers.
    :param scopes: the scope types that it is for; none for any.
    """

    name: str
    check: str
    origin: str
    uses: Mapping[str, str]
    description: str
    operations: tuple[str, ...]
    scopes: tuple[str, ...]


def listing(snapshot: PolicySnapshot, defaults: Iterable[Any]) -> tuple[Listed, ...]:
    """Every rule in force: the service's in their order, then those that only a file has.

    :param defaults: the service's oslo.policy rule defaults.
    """
    registered = {default.name: default for default in defaults}
    origins = origins_of(snapshot, registered.values())
    names = [*registered, *(name for name in snapshot.rules if name not in registered)]
    return tuple(_listed(name, registered.get(name), snapshot, origins) for name in names)


def origins_of(snapshot: PolicySnapshot, defaults: Iterable[Any]) -> dict[str, str]:
    """Where the rules stand that do not stand in the defaults, as `file:line`.

    A default that replaces an older rule takes the check that a file gives to the old name: then
    that is where it stands.
    """
    places = {name: f"{rule.file}:{rule.line}" for name, rule in snapshot.origins.items()}
    taken = {}
    for default in defaults:
        old = default.deprecated_rule.name if default.deprecated_rule else default.name
        same = snapshot.rules.get(old) == snapshot.rules.get(default.name)
        if default.name not in places and old in places and same:
            taken[default.name] = places[old]
    return places | taken


def _listed(
    name: str, default: Any, snapshot: PolicySnapshot, origins: Mapping[str, str]
) -> Listed:
    routes = getattr(default, "operations", None) or ()
    node = snapshot.rules[name]
    return Listed(
        name=name,
        check=check_string(expanded(node)),
        origin=origins.get(name, DEFAULT),
        uses={other: origins.get(other, DEFAULT) for other in _used(node)},
        description=(default.description or "") if default else "",
        operations=tuple(f"{route['method']} {route['path']}" for route in routes),
        scopes=tuple(sorted(snapshot.scopes.get(name, ()))),
    )


def _used(node: Node) -> Iterator[str]:
    for leaf in leaves_of(node):
        if isinstance(leaf, Reference):
            yield leaf.name
            yield from _used(leaf.rules[leaf.name])


def expanded(node: Node) -> Node:
    """The node with every reference replaced by the rule, and no `and` right within an `and`."""
    if isinstance(node, Reference):
        return expanded(node.rules[node.name])
    if isinstance(node, Not):
        return Not(expanded(node.part))
    if isinstance(node, And):
        return And(_flat(And, node.parts))
    return Or(_flat(Or, node.parts)) if isinstance(node, Or) else node


def _flat(kind: type[And | Or], parts: Iterable[Node]) -> tuple[Node, ...]:
    inner = map(expanded, parts)
    return tuple(
        one for part in inner for one in (part.parts if isinstance(part, kind) else (part,))
    )


def check_string(node: Node) -> str:
    """The node as a check string, without parentheses around the whole."""
    if isinstance(node, And | Or):
        return (" and " if isinstance(node, And) else " or ").join(map(str, node.parts))
    return str(node)
