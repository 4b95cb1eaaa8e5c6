"""Everything that can be true of callers and targets, and which part of it a policy allows.

Functions over atoms are binary decision diagrams of `dd`. They are exact; what is too large for
them is refused by `TooLarge`, never cut short.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from dd.bdd import BDD

from policy_proxy.policy.diff.atoms import (
    ANY_TARGET,
    Atom,
    InAdminProject,
    Literals,
    Scoped,
    TargetFacts,
    atoms_of,
    meaning,
)
from policy_proxy.policy.diff.theory import SCOPES, theory
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference

MAX_NODES = 100_000
"""Most nodes of all diagrams of one operation: reached after a few seconds."""

MAX_ATOMS = 300
"""Most atoms of one operation. A diagram is walked by recursion, one call deep for each atom."""

Function = int
"""A diagram, as `dd.bdd` names it. Two functions are equal if their numbers are."""

_NICE = (Scoped("project"), InAdminProject())


class TooLarge(Exception):
    """The question cannot be decided within the bounds."""


class Space:
    """The atoms that some nodes mention, with what is known of them.

    :raises TooLarge: from the constructor and from every method.
    """

    def __init__(self, nodes: Iterable[Node], facts: TargetFacts = ANY_TARGET) -> None:
        asked = atoms_of(nodes, facts) | dict.fromkeys(map(Scoped, SCOPES))
        if len(asked) > MAX_ATOMS:
            raise TooLarge
        known = theory(asked)
        if len(known.atoms) > MAX_ATOMS:
            raise TooLarge
        self.atoms = known.atoms
        self._facts = facts
        self._asked = tuple(asked)
        self._names = {atom: str(number) for number, atom in enumerate(known.atoms)}
        # The plain manager, whose size can be bounded; nothing is collected until it is dropped.
        self._bdd = BDD()
        self._bdd.declare(*self._names.values())
        self._bdd.max_nodes = MAX_NODES
        self.always: Function = self._bdd.true
        self.never: Function = self._bdd.false
        self._possible = self._everything_known(known.clauses, known.exclusive)
        hidden = [self._names[atom] for atom in known.atoms if atom not in asked]
        self._seen = self._bounded(self._bdd.exist, hidden, self._possible)

    def function(self, node: Node) -> Function:
        """When a node holds."""
        return self._node(node, {})

    def scoped(self, scopes: Collection[str]) -> Function:
        """When a token is of one of these scope types; always if there are none.

        oslo.policy takes a token without a scope for one of a project
        (`policy_proxy.policy.snapshot.scope_of`).
        """
        unscoped = self.all(self.not_(self._atom(Scoped(scope))) for scope in SCOPES)
        right = [self._atom(Scoped(scope)) for scope in scopes]
        right += [unscoped] if "project" in scopes else []
        return self.any(right) if scopes else self.always

    def all(self, functions: Iterable[Function]) -> Function:
        result = self.always
        for function in functions:
            result = self._ite(result, function, self.never)
        return result

    def any(self, functions: Iterable[Function]) -> Function:
        return self.not_(self.all(map(self.not_, functions)))

    def not_(self, function: Function) -> Function:
        return -function

    def of(self, literals: Literals) -> Function:
        """Where all these literals hold."""
        # From the last variable up: each step then adds one node on top of the others.
        last_first = sorted(literals.items(), key=lambda each: -int(self._names[each[0]]))
        return self.all(self._literal(atom, holds) for atom, holds in last_first)

    def seen(self, function: Function) -> Function:
        """The part of a function, one over the atoms of the nodes, that is possible."""
        return self.all([function, self._seen])

    def cubes(self, wanted: Function) -> Iterator[Literals]:
        """Descriptions of the possible part of a function, each as short as it can be.

        Every possible case has one; what is impossible does not lengthen them.
        """
        fits = self.any([wanted, self.not_(self._seen)])
        left = self.seen(wanted)
        while left != self.never:
            cube = self._shortest(self._model(left, self._asked), fits)
            yield cube
            left = self.all([left, self.not_(self.of(cube))])

    def needed(self, cubes: Iterable[Literals], wanted: Function) -> list[Literals]:
        """The descriptions without those that the others make superfluous, the longest first."""
        kept = sorted(cubes, key=len, reverse=True)
        for cube in [*kept]:
            others = self.any(self.of(other) for other in kept if other is not cube)
            alone = self.all([self.seen(wanted), self.of(cube), self.not_(others)])
            if alone == self.never:
                kept = [other for other in kept if other is not cube]
        return kept[::-1]

    def models(self, wanted: Function) -> Iterator[Literals]:
        """Possible cases of a function, each in full and with as little true as can be."""
        left = self.all([wanted, self._possible])
        while left != self.never:
            model = self._model(left, self.atoms)
            yield model
            known = {atom: model[atom] for atom in self._asked}
            left = self.all([left, self.not_(self.of(known))])

    def _model(self, function: Function, atoms: Iterable[Atom]) -> dict[Atom, bool]:
        model = {}
        nice = [atom for atom in _NICE if atom in self._names]
        for atom in dict.fromkeys([*nice, *atoms]):
            preferred = atom in nice
            narrowed = self.all([function, self._literal(atom, preferred)])
            possible = narrowed != self.never
            model[atom] = preferred if possible else not preferred
            function = narrowed if possible else function
        return model

    def _shortest(self, model: Literals, fits: Function) -> Literals:
        """Without the literals that can be spared: denials first, then scopes."""
        outside = self.not_(fits)
        kept = dict(model)
        for atom in sorted(model, key=lambda atom: (model[atom], not isinstance(atom, Scoped))):
            rest = {other: holds for other, holds in kept.items() if other != atom}
            if self.all([self.of(rest), outside]) == self.never:
                kept = rest
        return kept

    def _node(self, node: Node, done: dict[str, Function]) -> Function:
        if isinstance(node, Reference):
            if node.name not in done:
                done[node.name] = self._node(node.rules[node.name], done)
            return done[node.name]
        if isinstance(node, Not):
            return self.not_(self._node(node.part, done))
        if isinstance(node, And | Or):
            join = self.all if isinstance(node, And) else self.any
            return join(self._node(part, done) for part in node.parts)
        return self.any(map(self.of, meaning(node, self._facts)))

    def _everything_known(
        self,
        clauses: Iterable[Iterable[tuple[Atom, bool]]],
        exclusive: Iterable[Iterable[Atom]],
    ) -> Function:
        groups = map(self._at_most_one, exclusive)
        each = (self.any(self._literal(*literal) for literal in clause) for clause in clauses)
        return self.all(itertools.chain(groups, each))

    def _at_most_one(self, atoms: Iterable[Atom]) -> Function:
        none = one = self.always
        for name in sorted((self._names[atom] for atom in atoms), key=int, reverse=True):
            holds = self._bdd.var(name)
            one = self._ite(holds, none, one)
            none = self._ite(holds, self.never, none)
        return one

    def _literal(self, atom: Atom, holds: bool) -> Function:  # noqa: FBT001
        return self._atom(atom) if holds else self.not_(self._atom(atom))

    def _atom(self, atom: Atom) -> Function:
        return int(self._bdd.var(self._names[atom]))

    def _ite(self, condition: Function, then: Function, otherwise: Function) -> Function:
        return self._bounded(self._bdd.ite, condition, then, otherwise)

    def _bounded(self, operation: Callable[..., Any], *operands: Any) -> Function:
        try:
            return int(operation(*operands))
        except RuntimeError as error:
            # `dd` stops before it has counted the references of the last node, which would make it
            # stumble when it clears up.
            _, low, high = self._bdd.succ(max(self._bdd))
            for node in filter(None, (low, high)):
                self._bdd.incref(node)
            raise TooLarge from error
