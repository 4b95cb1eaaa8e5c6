"""How atoms depend on each other: what no caller and no target can make true together.

- Equality is transitive, and two texts that differ are not equal. Values are any text, so that
  nothing else follows from equalities alone.
- What is equal is in the same lists; a role that is there in its spelling is there in any case.
- A token is scoped to one of project, domain and system, or to nothing and then has no roles
  (https://docs.openstack.org/keystone/latest/admin/tokens-overview.html). Only one that is scoped
  to a project has `project_id` and `project_domain_id`, to a domain `domain_id`.
- Every token has a `user_id`.

A fact that is missing here could make a change appear that nobody can see; it could not hide one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policy_proxy.policy.diff.atoms import (
    Atom,
    Constant,
    Credential,
    Equal,
    Member,
    Scoped,
    Term,
    constant_in,
    edge,
)

SCOPES = ("project", "domain", "system")
SCOPE_OF = {"project_id": "project", "project_domain_id": "project", "domain_id": "domain"}
ALWAYS_THERE = ("user_id",)
CERTAIN_IN_SCOPE = ("project_id", "domain_id")
_FAMILIES = (("role", "roles"), ("service_roles",))

Clause = tuple[tuple[Atom, bool], ...]
"""One of these holds: an atom affirmed (True) or denied (False)."""

Graph = dict[Term, set[Term]]


@dataclass(frozen=True, slots=True)
class Theory:
    """
    :param atoms: those asked about, then those that are needed to say how they depend.
    :param exclusive: groups of which at most one holds.
    """

    atoms: tuple[Atom, ...]
    clauses: tuple[Clause, ...]
    exclusive: tuple[tuple[Atom, ...], ...]


def theory(mentioned: Iterable[Atom]) -> Theory:
    """All that is known of these atoms, `Scoped` to each of SCOPES among them."""
    asked = dict.fromkeys(mentioned)
    graph: Graph = defaultdict(set)
    for atom in asked:
        if isinstance(atom, Equal) and atom.left != atom.right:
            _join(graph, atom.left, atom.right)
    needed: set[Atom] = {*_members(asked, graph)}
    triangles, exclusive = _transitive(graph)
    needed |= {atom for clause in triangles for atom, _ in clause}
    needed |= {edge(one, other) for one in graph for other in graph[one]}
    atoms = (*asked, *sorted(needed - asked.keys(), key=repr))
    clauses = (*triangles, *_congruent(atoms), *_in_any_case(atoms), *_of_scopes(atoms))
    return Theory(atoms, clauses, (*exclusive, tuple(map(Scoped, SCOPES))))


def _join(graph: Graph, one: Term, other: Term) -> None:
    graph[one].add(other)
    graph[other].add(one)


def _members(atoms: Iterable[Atom], graph: Graph) -> Iterator[Member]:
    """The memberships that equalities may carry over; and the equalities between their terms."""
    mentioned = [atom for atom in atoms if isinstance(atom, Member)]
    for family in _FAMILIES:
        kinds = {atom.of for atom in mentioned if atom.of in family}
        terms = {atom.term for atom in mentioned if atom.of in family}
        holders = {term for term in terms if not isinstance(term, Constant)}
        for near, constants in list(_groups(graph)):
            within = sorted(near & holders, key=repr)
            for one, other in itertools.combinations(within, 2):
                _join(graph, one, other)
            for one, other in itertools.product(within, constants):
                _join(graph, one, other)
            known = [*within, *(sorted(constants) if within else [])]
            yield from (Member(of, constant_in(of, term)) for of in kinds for term in known)
        yield from (Member(of, term) for of in kinds for term in holders)


def _groups(graph: Graph) -> Iterator[tuple[set[Term], set[Constant]]]:
    """The terms that may be equal by way of each other, with the constants next to them."""
    left = {term for term in graph if not isinstance(term, Constant)}
    while left:
        group: set[Term] = set()
        todo = [left.pop()]
        while todo:
            term = todo.pop()
            group.add(term)
            todo += [t for t in graph[term] if t not in group and not isinstance(t, Constant)]
        left -= group
        beside = {other for term in group for other in graph[term]}
        yield group, {term for term in beside if isinstance(term, Constant)}


def _transitive(graph: Graph) -> tuple[list[Clause], list[tuple[Atom, ...]]]:
    """Triangles that say it all, with as few equalities more as may be; and what excludes others.

    Terms are taken away one after the other, the one with the fewest neighbours first, and its
    neighbours joined: then every circle of equalities has chords that cut it into triangles
    (R. E. Bryant, M. N. Velev: Boolean Satisfiability with Transitivity Constraints, 2002).
    """
    clauses: list[Clause] = []
    exclusive: list[tuple[Atom, ...]] = []
    left = {term: set(near) for term, near in graph.items()}
    while variables := [term for term in left if not isinstance(term, Constant)]:
        gone = min(variables, key=lambda term: (len(left[term]), repr(term)))
        near = sorted(left.pop(gone), key=repr)
        constants = [term for term in near if isinstance(term, Constant)]
        exclusive.append(tuple(edge(gone, term) for term in constants))
        for term in near:
            left[term].discard(gone)
        for one, other in itertools.combinations(near, 2):
            if not (isinstance(one, Constant) and isinstance(other, Constant)):
                _join(left, one, other)
                clauses += _triangle(edge(gone, one), edge(gone, other), edge(one, other))
    return clauses, exclusive


def _triangle(*sides: Atom) -> Iterator[Clause]:
    for third in sides:
        yield tuple((side, side == third) for side in sides)


def _congruent(atoms: Iterable[Atom]) -> Iterator[Clause]:
    """What is equal is in the same lists."""
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Equal) and atom.left != atom.right:
            for of in itertools.chain.from_iterable(_FAMILIES):
                one = Member(of, constant_in(of, atom.left))
                other = Member(of, constant_in(of, atom.right))
                if one in known and other in known:
                    yield (atom, False), (one, False), (other, True)
                    yield (atom, False), (other, False), (one, True)


def _in_any_case(atoms: Iterable[Atom]) -> Iterator[Clause]:
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Member) and atom.of == "roles":
            folded = Member("role", constant_in("role", atom.term))
            if folded in known:
                yield (atom, False), (folded, True)
                if isinstance(atom.term, Constant) and _without_case(atom.term.text):
                    yield (folded, False), (atom, True)


def _without_case(text: str) -> bool:
    return text == text.lower() == text.upper() == text.title()


def _of_scopes(atoms: Iterable[Atom]) -> Iterator[Clause]:
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Member) and atom.of in _FAMILIES[0]:
            yield ((atom, False), *((Scoped(scope), True) for scope in SCOPES))
        for term in _credentials_in(atom):
            there = edge(term, term)
            if atom != there and there in known:
                yield (atom, False), (there, True)
            if term.name in SCOPE_OF:
                yield (atom, False), (Scoped(SCOPE_OF[term.name]), True)
            if atom == there and term.name in CERTAIN_IN_SCOPE:
                yield (Scoped(SCOPE_OF[term.name]), False), (there, True)
            if atom == there and term.name in ALWAYS_THERE:
                yield ((there, True),)


def _credentials_in(atom: Atom) -> Iterator[Credential]:
    """The credentials that must be there for the atom to hold."""
    if isinstance(atom, Equal):
        terms = {atom.left, atom.right}
    else:
        terms = {atom.term} if isinstance(atom, Member) else set()
    yield from (term for term in terms if isinstance(term, Credential))
