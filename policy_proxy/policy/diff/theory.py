"""How atoms depend on each other: what no caller and no target can make true together.

- Equality is transitive, and two texts that differ are not equal. Values are any text, so that
  nothing else follows from equalities alone.
- What is equal is in the same lists; a role that is there in its spelling is there in any case.
- A token is scoped to one of project, domain and system, or to nothing and then has no roles
  (https://docs.openstack.org/keystone/latest/admin/tokens-overview.html). Only one that is scoped
  to a project has `project_id` and `project_domain_id`, to a domain `domain_id`.
- Every token has a `user_id`.
- A check that fails does not hold.

A fact that is missing here could make a change appear that nobody can see; it could not hide one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from policy_proxy.policy.diff.atoms import (
    Atom,
    Constant,
    Credential,
    Equal,
    Fails,
    Member,
    Misses,
    Opaque,
    Scoped,
    TooLarge,
    edge,
    member,
)
from policy_proxy.policy.diff.equality import Graph, compared, groups, transitive

MAX_ATOMS = 600
"""Most atoms of one operation. A diagram is walked by recursion, one call deep for each atom."""

SCOPES = ("project", "domain", "system")
SCOPE_OF = {"project_id": "project", "project_domain_id": "project", "domain_id": "domain"}
ALWAYS_THERE = ("user_id",)
CERTAIN_IN_SCOPE = ("project_id", "domain_id")
_FAMILIES = (("role", "roles"), ("service_roles",))

Clause = tuple[tuple[Atom, bool], ...]
"""One of these holds: an atom affirmed (True) or denied (False)."""


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
    """All that is known of these atoms, `Scoped` to each of SCOPES among them.

    :raises TooLarge: for more than MAX_ATOMS, those needed included.
    """
    asked = dict.fromkeys(mentioned)
    _bounded(asked)
    graph = compared(asked)
    triangles, exclusive = transitive(graph)
    needed: set[Atom] = {atom for group in (*triangles, *exclusive) for atom in group}
    needed |= {*_members(asked, graph)}
    atoms = (*asked, *sorted(needed - asked.keys(), key=repr))
    _bounded(atoms)
    clauses = itertools.chain(
        itertools.chain.from_iterable(itertools.starmap(_triangle, triangles)),
        _congruent(atoms),
        _in_any_case(atoms),
        _of_scopes(atoms),
    )
    return Theory(atoms, tuple(clauses), (*exclusive, *_answers(atoms), tuple(map(Scoped, SCOPES))))


def _bounded(atoms: Collection[Atom]) -> None:
    if len(atoms) > MAX_ATOMS:
        raise TooLarge


def _members(asked: Iterable[Atom], graph: Graph) -> Iterator[Member]:
    """The memberships that equalities may carry over, from one term to the next."""
    mentioned = [atom for atom in asked if isinstance(atom, Member)]
    for family in _FAMILIES:
        kinds = [of for of in family if any(atom.of == of for atom in mentioned)]
        terms = {atom.term for atom in mentioned if atom.of in family}
        holders = {term for term in terms if not isinstance(term, Constant)}
        near = itertools.chain.from_iterable(g for g in groups(graph) if g & holders)
        yield from (member(of, term) for of in kinds for term in {*holders, *near})


def _triangle(*sides: Atom) -> Iterator[Clause]:
    for third in sides:
        yield tuple((side, side == third) for side in sides)


def _congruent(atoms: Iterable[Atom]) -> Iterator[Clause]:
    """What is equal is in the same lists."""
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Equal) and atom.left != atom.right:
            for of in itertools.chain.from_iterable(_FAMILIES):
                one, other = member(of, atom.left), member(of, atom.right)
                if one in known and other in known:
                    yield (atom, False), (one, False), (other, True)
                    yield (atom, False), (other, False), (one, True)


def _in_any_case(atoms: Iterable[Atom]) -> Iterator[Clause]:
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Member) and atom.of == "roles":
            folded = member("role", atom.term)
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
        terms = dict.fromkeys((atom.left, atom.right))
    else:
        terms = dict.fromkeys([atom.term] if isinstance(atom, Member) else [])
    yield from (term for term in terms if isinstance(term, Credential))


def _answers(atoms: Iterable[Atom]) -> Iterator[tuple[Atom, ...]]:
    """A check does at most one of these: hold, fail, miss something."""
    known = dict.fromkeys(atoms)
    for atom in known:
        if isinstance(atom, Opaque):
            outcomes = (atom, Fails(atom.written), Misses(atom.written))
            yield tuple(outcome for outcome in outcomes if outcome in known)
