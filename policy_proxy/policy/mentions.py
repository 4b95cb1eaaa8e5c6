"""What of the target a rule may look at. What it does not mention need not be found out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from policy_proxy.policy.nodes import (
    Foreign,
    HasRole,
    Literal,
    Matches,
    Node,
    Reference,
    leaves_of,
)


@dataclass(frozen=True, slots=True)
class Mentions:
    """
    :param names: the attributes that checks name.
    :param anything: whether there is a check of somebody else's, which is given the whole target.
    """

    names: frozenset[str] = frozenset()
    anything: bool = False

    def any_of(self, attributes: Collection[str]) -> bool:
        return bool(attributes) and (self.anything or not self.names.isdisjoint(attributes))


def mentions(rules: Mapping[str, Node]) -> dict[str, Mentions]:
    """For each rule what it may look at, every reference followed."""
    direct = {name: frozenset(_named_in(node)) for name, node in rules.items()}
    foreign = {
        name
        for name, node in rules.items()
        if any(isinstance(leaf, Foreign) for leaf in leaves_of(node))
    }
    references = {
        name: {leaf.name for leaf in leaves_of(node) if isinstance(leaf, Reference)}
        for name, node in rules.items()
    }
    found = {}
    for name in rules:
        reached = _reached(name, references)
        names = frozenset().union(*(direct[other] for other in reached))
        found[name] = Mentions(names, not foreign.isdisjoint(reached))
    return found


def _named_in(node: Node) -> Iterator[str]:
    for leaf in leaves_of(node):
        if isinstance(leaf, HasRole):
            yield from leaf.name.names
        elif isinstance(leaf, Literal | Matches):
            yield from leaf.wanted.names


def _reached(name: str, references: Mapping[str, set[str]]) -> set[str]:
    reached, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one not in reached and one in references:
            reached.add(one)
            todo += references[one]
    return reached
