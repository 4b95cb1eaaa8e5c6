"""Truth tables of checks: whether one always holds, or never, decided exactly for a few atoms.

An atom is a single check, such as `role:admin`. Each bit of a number stands for one way to answer
all atoms with yes or no, so `and`, `or` and `not` of whole tables are those of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import and_, or_

from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.nodes import (
    Always,
    And,
    HasRole,
    Literal,
    Matches,
    Never,
    Node,
    Not,
    Or,
    Reference,
    Text,
    leaves_of,
)

MAX_ATOMS = 12
"""Most atoms that a table is made for: 4,096 bits."""

SCOPES: Mapping[str, tuple[str, ...]] = {
    "project": ("project_id", "project_domain_id"),
    "domain": ("domain_id",),
    "system": ("system_scope", "system"),
}
"""For each scope of a token the attributes that only such a token has."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The table of one check.

    :param columns: for each atom the ways in which it holds; `@` and `!` count as atoms.
    :param every: all ways.
    :param holds: the ways in which the check holds.
    """

    columns: Mapping[Node, int]
    every: int
    holds: int

    def always(self, among: int) -> bool:
        return not among & ~self.holds

    def never(self, among: int) -> bool:
        return not among & self.holds

    def as_meant(self) -> int:
        """The ways in which `@` holds and `!` does not."""
        everyone = self.columns.get(Always(), self.every)
        return everyone & ~self.columns.get(Never(), 0)

    def possible(self, scopes: Iterable[str]) -> int:
        """The ways that a token of one of these scopes can bring about: it has the attributes of no
        other scope, and of each attribute one value.
        """
        ways = reduce(or_, map(self._within, scopes), 0)
        return reduce(lambda ways, both: ways & ~both, self._excluded(), ways)

    def _within(self, scope: str) -> int:
        foreign = {name for other, names in SCOPES.items() if other != scope for name in names}
        return reduce(
            and_, (~column for name, _, column in self._texts() if name in foreign), self.every
        )

    def _excluded(self) -> Iterator[int]:
        for (name, value, one), (other, another, two) in combinations(self._texts(), 2):
            if name == other and value is not None and another is not None and value != another:
                yield one & two

    def _texts(self) -> Iterator[tuple[str, str | None, int]]:
        """The atoms about attributes that have one value: name, value if it is fixed, column."""
        for atom, column in self.columns.items():
            if isinstance(atom, Matches) and atom.path[0] in (*TEXTS, "system"):
                yield atom.path[0], atom.wanted.filled({}), column


def truth(node: Node, rules: Mapping[str, Node]) -> Truth | None:
    """The table of a check, every reference followed; None if it has too many atoms."""
    atoms = _atoms(node, rules)
    if atoms is None:
        return None
    every = (1 << (1 << len(atoms))) - 1
    columns = {atom: _column(every, place) for place, atom in enumerate(atoms)}
    return Truth(columns, every, _Table(columns, every, rules).of(node))


def _column(every: int, place: int) -> int:
    """Half of all ways, in blocks of 2 ** place."""
    block = 1 << place
    return every // ((1 << block) + 1) << block


def _atoms(node: Node, rules: Mapping[str, Node]) -> list[Node] | None:
    atoms: dict[Node, None] = {}
    followed: set[str] = set()
    todo = [node]
    while todo:
        for leaf in leaves_of(todo.pop()):
            if not isinstance(leaf, Reference):
                atoms[_atom(leaf)] = None
            elif leaf.name not in followed:
                followed.add(leaf.name)
                todo.append(rules[leaf.name])
        if len(atoms) > MAX_ATOMS:
            return None
    return list(atoms)


def _atom(leaf: Node) -> Node:
    """Roles are the same in any case."""
    if isinstance(leaf, HasRole) and not leaf.name.names:
        return HasRole(Text(leaf.name.form.lower()))
    return leaf


class _Table:
    """Computes tables; that of a rule once."""

    def __init__(self, columns: Mapping[Node, int], every: int, rules: Mapping[str, Node]) -> None:
        self._columns = columns
        self._every = every
        self._rules = rules
        self._known: dict[str, int] = {}

    def of(self, node: Node) -> int:
        if isinstance(node, Not):
            return self._every & ~self.of(node.part)
        if isinstance(node, And):
            return reduce(and_, map(self.of, node.parts), self._every)
        if isinstance(node, Or):
            return reduce(or_, map(self.of, node.parts), 0)
        if isinstance(node, Reference):
            if node.name not in self._known:
                self._known[node.name] = self.of(self._rules[node.name])
            return self._known[node.name]
        if isinstance(node, Literal) and not node.wanted.names:
            return self._every if node.holds({}, {}) else 0
        return self._columns[_atom(node)]
