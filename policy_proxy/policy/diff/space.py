"""Everything that can be true of callers and targets, and which part of it a policy allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from policy_proxy.policy.diff.atoms import (
    ANY_TARGET,
    Alternatives,
    Atom,
    InAdminProject,
    Literals,
    Scoped,
    TargetFacts,
)
from policy_proxy.policy.diff.diagrams import Answers, Budget, Diagrams, Function
from policy_proxy.policy.diff.meaning import absence, atoms_of, failure, meaning
from policy_proxy.policy.diff.theory import SCOPES, Theory, theory
from policy_proxy.policy.nodes import And, Node, Not, Or, Reference

_LIKELY = (Scoped("project"), InAdminProject())


class _Outcome(NamedTuple):
    """When a node holds; when it fails instead, so that it has no value at all; and when it fails
    because something is missing, which a reference takes for a no.
    """

    holds: Function
    fails: Function
    misses: Function


class Space:
    """The atoms that some nodes mention, with what is known of them.

    :ivar diagrams: functions of the atoms, each atom at a level.
    :ivar asked: the levels of what the nodes mention; the others only say how atoms depend.
    :ivar likely: the levels of what is true of a caller unless it must not be.
    :ivar possible: what no fact excludes; `seen` is that, as far as the nodes can tell.
    :raises TooLarge: from the constructor and from every method that makes a function.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        facts: TargetFacts = ANY_TARGET,
        budget: Budget | None = None,
    ) -> None:
        mentioned = atoms_of(nodes, facts)
        first = [atom for atom in _LIKELY if atom in mentioned]
        asked: dict[Atom, None] = dict.fromkeys([*map(Scoped, SCOPES), *first, *mentioned])
        known = theory(asked)
        self.atoms = known.atoms
        self._facts = facts
        self._levels = {atom: level for level, atom in enumerate(known.atoms)}
        self.diagrams = Diagrams(len(known.atoms), budget)
        self.asked = range(len(asked))
        self.likely = frozenset(self._levels[atom] for atom in _LIKELY if atom in asked)
        self.possible = self._everything_known(known)
        hidden = range(len(asked), len(known.atoms))
        self.seen = self.diagrams.whatever(hidden, self.possible)

    def function(self, node: Node) -> Function:
        """When a node holds; it does not where it fails."""
        return self._outcome(node, {}).holds

    def scoped(self, scopes: Collection[str]) -> Function:
        """When a token is of one of these scope types; always if there are none.

        oslo.policy takes a token without a scope for one of a project
        (`policy_proxy.policy.snapshot.scope_of`).
        """
        if not scopes:
            return self.diagrams.always
        each = {scope: self.of({Scoped(scope): True}) for scope in SCOPES}
        right = [function for scope, function in each.items() if scope in scopes]
        unscoped = self.of({Scoped(scope): False for scope in SCOPES})
        return self.diagrams.any([*right, unscoped] if "project" in scopes else right)

    def of(self, literals: Literals) -> Function:
        """Where all these literals hold."""
        return self.diagrams.of(self.answers(literals))

    def answers(self, literals: Literals) -> Answers:
        return {self._levels[atom]: holds for atom, holds in literals.items()}

    def literals(self, answers: Answers) -> Literals:
        return {self.atoms[level]: answers[level] for level in sorted(answers)}

    def _outcome(self, node: Node, done: dict[str, _Outcome]) -> _Outcome:
        if isinstance(node, Reference):
            if node.name not in done:
                outcome = self._outcome(node.rules[node.name], done)
                done[node.name] = outcome._replace(misses=self.diagrams.never)
            return done[node.name]
        if isinstance(node, Not):
            return self._denied(self._outcome(node.part, done))
        if isinstance(node, And):
            return self._in_turn(self._outcome(part, done) for part in node.parts)
        if isinstance(node, Or):
            denied = (self._denied(self._outcome(part, done)) for part in node.parts)
            return self._denied(self._in_turn(denied))
        said = (meaning(node, self._facts), failure(node), absence(node))
        return _Outcome(*map(self._any_of, said))

    def _denied(self, part: _Outcome) -> _Outcome:
        return part._replace(holds=self.diagrams.not_(self.diagrams.any(part)))

    def _in_turn(self, parts: Iterable[_Outcome]) -> _Outcome:
        """Parts joined by `and`: one is evaluated if all before it hold."""
        made, known = self.diagrams, list(parts)
        fails = misses = made.never
        for place, part in enumerate(known):
            if (part.fails, part.misses) != (made.never, made.never):
                reached = made.all(before.holds for before in known[:place])
                fails = made.any([fails, made.all([reached, part.fails])])
                misses = made.any([misses, made.all([reached, part.misses])])
        # The last atoms first: each step then adds a little on top of the others.
        return _Outcome(made.all(part.holds for part in reversed(known)), fails, misses)

    def _any_of(self, alternatives: Alternatives) -> Function:
        return self.diagrams.any(map(self.of, alternatives))

    def _everything_known(self, known: Theory) -> Function:
        made = self.diagrams
        clauses = [[(self._levels[atom], holds) for atom, holds in each] for each in known.clauses]
        # The last atoms first, as above.
        last_first = sorted(clauses, key=max, reverse=True)
        facts = [made.any(made.literal(*literal) for literal in clause) for clause in last_first]
        groups = ([self._levels[atom] for atom in group] for group in known.exclusive)
        return made.all([*facts, *map(made.at_most_one, groups)])
