"""Equality between terms: what follows from it, said with as few equalities more as may be."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

from policy_proxy.policy.diff.atoms import Atom, Constant, Equal, Term, edge

Graph = dict[Term, set[Term]]
"""Terms, each with those that it is compared with."""

Triangle = tuple[Equal, Equal, Equal]
"""Of three equalities two do not hold without the third."""


def compared(atoms: Iterable[Atom]) -> Graph:
    """The terms that the atoms compare with others."""
    graph: Graph = defaultdict(set)
    for atom in atoms:
        if isinstance(atom, Equal) and atom.left != atom.right:
            _join(graph, atom.left, atom.right)
    return graph


def _join(graph: Graph, one: Term, other: Term) -> None:
    graph[one].add(other)
    graph[other].add(one)


def groups(graph: Graph) -> Iterator[set[Term]]:
    """The terms that may be equal by way of each other, and the constants next to them."""
    left = {term for term in graph if not isinstance(term, Constant)}
    while left:
        group: set[Term] = set()
        todo: list[Term] = [left.pop()]
        while todo:
            term = todo.pop()
            if term not in group:
                group.add(term)
                todo += () if isinstance(term, Constant) else graph[term]
        left -= group
        yield group


def transitive(graph: Graph) -> tuple[list[Triangle], list[tuple[Equal, ...]]]:
    """Triangles that say it all, with as few equalities more as may be; and what excludes others.

    Terms are taken away one after the other, the one with the fewest neighbours first, and its
    neighbours joined: then every circle of equalities has chords that cut it into triangles
    (R. E. Bryant, M. N. Velev: https://doi.org/10.1145/566385.566390).
    """
    triangles: list[Triangle] = []
    exclusive: list[tuple[Equal, ...]] = []
    left = {term: set(graph[term]) for term in sorted(graph, key=repr)}
    while variables := [term for term in left if not isinstance(term, Constant)]:
        gone = min(variables, key=lambda term: len(left[term]))
        near = sorted(left.pop(gone), key=repr)
        exclusive.append(tuple(edge(gone, term) for term in near if isinstance(term, Constant)))
        for term in near:
            left[term].discard(gone)
        for one, other in itertools.combinations(near, 2):
            if not (isinstance(one, Constant) and isinstance(other, Constant)):
                _join(left, one, other)
                triangles.append((edge(gone, one), edge(gone, other), edge(one, other)))
    return triangles, exclusive
