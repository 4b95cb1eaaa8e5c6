"""Everything that can be true of callers and targets, and which part of it a policy allows.

Functions over atoms are binary decision diagrams of `dd`. They are exact; what is too large for
them is refused by `TooLarge`, never cut short.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from dd.bdd import BDD

from policy_proxy.policy.diff.atoms import (
    ANY_TARGET,
    Alternatives,
    Atom,
    InAdminProject,
    Literals,
    Scoped,
    TargetFacts,
)
from policy_proxy.policy.diff.equality import TooLarge
from policy_proxy.policy.diff.meaning import atoms_of, failure, meaning
from policy_proxy.policy.diff.theory import SCOPES, Theory, theory
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference

MAX_NODES = 100_000
"""Most nodes of all diagrams of one operation: reached after a few seconds."""

Function = int
"""A diagram, as `dd.bdd` names it. Two functions are equal if their numbers are."""

LIKELY = (Scoped("project"), InAdminProject())
"""What is true of a caller unless it must not be."""


class _Outcome(NamedTuple):
    """When a node holds, and when it fails instead: then it has no value at all."""

    holds: Function
    fails: Function


class Space:
    """The atoms that some nodes mention, with what is known of them.

    :raises TooLarge: from the constructor and from every method that makes a function.
    """

    def __init__(self, nodes: Iterable[Node], facts: TargetFacts = ANY_TARGET) -> None:
        mentioned = atoms_of(nodes, facts)
        first = [atom for atom in LIKELY if atom in mentioned]
        self.asked: tuple[Atom, ...] = (*dict.fromkeys([*map(Scoped, SCOPES), *first, *mentioned]),)
        known = theory(self.asked)
        self.atoms = known.atoms
        self._facts = facts
        # The plain manager, whose size can be bounded; nothing is collected until it is dropped.
        self._bdd = BDD()
        self._bdd.declare(*(str(number) for number in range(len(self.atoms))))
        self._levels = {atom: level for level, atom in enumerate(self.atoms)}
        self._variables = {
            atom: int(self._bdd.var(str(level))) for atom, level in self._levels.items()
        }
        self._bdd.max_nodes = MAX_NODES
        self._full = False
        self.always: Function = self._bdd.true
        self.never: Function = self._bdd.false
        self.possible = self._everything_known(known)
        hidden = [str(level) for level in range(len(self.asked), len(self.atoms))]
        self._seen = self._bounded(self._bdd.exist, hidden, self.possible)

    def function(self, node: Node) -> Function:
        """When a node holds; it does not where it fails."""
        return self._outcome(node, {}).holds

    def scoped(self, scopes: Collection[str]) -> Function:
        """When a token is of one of these scope types; always if there are none.

        oslo.policy takes a token without a scope for one of a project
        (`policy_proxy.policy.snapshot.scope_of`).
        """
        if not scopes:
            return self.always
        unscoped = self.all(self.not_(self._variables[Scoped(scope)]) for scope in SCOPES)
        right = [self._variables[Scoped(scope)] for scope in SCOPES if scope in scopes]
        return self.any([*right, unscoped] if "project" in scopes else right)

    def all(self, functions: Iterable[Function]) -> Function:
        result = self.always
        for function in functions:
            result = self._bounded(self._bdd.ite, result, function, self.never)
        return result

    def any(self, functions: Iterable[Function]) -> Function:
        return self.not_(self.all(map(self.not_, functions)))

    def not_(self, function: Function) -> Function:
        return -function

    def of(self, literals: Literals) -> Function:
        """Where all these literals hold."""
        last_first = sorted(literals, key=self._levels.__getitem__, reverse=True)
        return self.all(self._literal(atom, literals[atom]) for atom in last_first)

    def seen(self, function: Function) -> Function:
        """The part of a function, one over the atoms that are asked about, that is possible."""
        return self.all([function, self._seen])

    def path(self, function: Function) -> dict[Atom, bool]:
        """Atoms that make the function true whatever the others are, as few as can be of them
        true. The function is not `never`.
        """
        chosen: dict[Atom, bool] = {}
        while function != self.always:
            level, low, high = self._below(function)
            atom = self.atoms[level]
            first, second = (high, low) if atom in LIKELY else (low, high)
            function = second if first == self.never else first
            chosen[atom] = function == high
        return chosen

    def meets(self, function: Function, literals: Literals) -> bool:
        """Whether the function can be true where the literals hold."""
        wanted = {self._levels[atom]: holds for atom, holds in literals.items()}
        last = max(wanted, default=-1)
        seen, todo = {self.never}, [function]
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if one == self.always:
                return True
            level, low, high = self._below(one)
            if level > last:  # what is not `never` can be true
                return True
            todo += [high if wanted[level] else low] if level in wanted else [low, high]
        return False

    def _below(self, function: Function) -> tuple[int, Function, Function]:
        """The level of the first atom; what remains of the function where it is false, and where
        it is true.
        """
        level, low, high = self._bdd.succ(function)
        return (level, -low, -high) if function < 0 else (level, low, high)

    def _outcome(self, node: Node, done: dict[str, _Outcome]) -> _Outcome:
        if isinstance(node, Reference):
            if node.name not in done:
                done[node.name] = self._outcome(node.rules[node.name], done)
            return done[node.name]
        if isinstance(node, Not):
            return self._denied(self._outcome(node.part, done))
        if isinstance(node, And):
            return self._in_turn(self._outcome(part, done) for part in node.parts)
        if isinstance(node, Or):
            denied = (self._denied(self._outcome(part, done)) for part in node.parts)
            return self._denied(self._in_turn(denied))
        return _Outcome(self._any_of(meaning(node, self._facts)), self._any_of(failure(node)))

    def _denied(self, part: _Outcome) -> _Outcome:
        return _Outcome(self.not_(self.any(part)), part.fails)

    def _in_turn(self, parts: Iterable[_Outcome]) -> _Outcome:
        """Parts joined by `and`: one is evaluated if all before it hold."""
        known = list(parts)
        fails = self.never
        for place, part in enumerate(known):
            if part.fails != self.never:
                reached = self.all(before.holds for before in known[:place])
                fails = self.any([fails, self.all([reached, part.fails])])
        # The last atoms first: each step then adds a little on top of the others.
        return _Outcome(self.all(part.holds for part in reversed(known)), fails)

    def _any_of(self, alternatives: Alternatives) -> Function:
        return self.any(map(self.of, alternatives))

    def _everything_known(self, known: Theory) -> Function:
        last_first = sorted(
            known.clauses,
            key=lambda clause: max(self._levels[atom] for atom, _ in clause),
            reverse=True,
        )
        each = (self.any(itertools.starmap(self._literal, clause)) for clause in last_first)
        return self.all(itertools.chain(each, map(self._at_most_one, known.exclusive)))

    def _at_most_one(self, atoms: Iterable[Atom]) -> Function:
        none = one = self.always
        for atom in sorted(atoms, key=self._levels.__getitem__, reverse=True):
            holds = self._variables[atom]
            one = self._bounded(self._bdd.ite, holds, none, one)
            none = self._bounded(self._bdd.ite, holds, self.never, none)
        return one

    def _literal(self, atom: Atom, holds: bool) -> Function:  # noqa: FBT001
        return self._variables[atom] if holds else self.not_(self._variables[atom])

    def _bounded(self, operation: Callable[..., Any], *operands: Any) -> Function:
        if self._full:
            raise TooLarge
        try:
            return int(operation(*operands))
        except RecursionError as error:
            raise TooLarge from error
        except RuntimeError as error:
            self._full = True
            # `dd` stops before it has counted the references of the last node, which would make it
            # stumble when it clears up.
            _, low, high = self._bdd.succ(max(self._bdd))
            for node in filter(None, (low, high)):
                self._bdd.incref(node)
            raise TooLarge from error
