"""Callers worth a try where it cannot be decided who gains or loses."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from policy_proxy.policy.diff.atoms import Atom, Literals, Scoped, TargetFacts
from policy_proxy.policy.diff.meaning import leaves_reached, meaning
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference, parts_of

SAMPLES = 150


def samples(node: Node, other: Node, facts: TargetFacts) -> Iterator[Literals]:
    """Descriptions of callers who meet a node in one of its ways and are nothing else, if anybody
    can meet it in that way: first in ways that the other node does not know. Each way is tried with
    a token of each scope.
    """
    known = frozenset(leaves_reached(other))
    for number in range(SAMPLES):
        way, scope = divmod(number, len(SCOPES))
        chosen = Way(known, facts).to(node, way, value=True)
        yield chosen | {Scoped(SCOPES[scope]): True}


class Way:
    """A way to give a node a value. The number chooses, wherever one of several parts is enough."""

    def __init__(self, known: Collection[Node], facts: TargetFacts) -> None:
        self._known = known
        self._facts = facts

    def to(self, node: Node, number: int, *, value: bool) -> dict[Atom, bool]:
        if isinstance(node, Reference):
            return self.to(node.rules[node.name], number, value=value)
        if isinstance(node, Not):
            return self.to(node.part, number, value=not value)
        if isinstance(node, And | Or):
            parts = parts_of(node)
            if isinstance(node, Or) is value:
                number, place = divmod(number, len(parts))
                parts = (sorted(parts, key=self._is_known)[place],)
            ways = [self.to(part, number, value=value) for part in parts]
            return {atom: holds for way in ways for atom, holds in way.items()}
        said = meaning(node, self._facts)
        if value and said:
            return dict(said[number % len(said)])
        return {atom: not holds for one in said for atom, holds in [*one.items()][:1]}

    def _is_known(self, node: Node) -> bool:
        return all(leaf in self._known for leaf in leaves_reached(node))
