"""One policy, or two → the matrix of roles and operations.

The columns are found from the rules: every role that they mention, every combination of roles that
is more or less than its parts, and every scope in which anything is allowed.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy_proxy.policy.diff.atoms import ANY_TARGET, Constant, Member, TargetFacts, TooLarge
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.diff.diagrams import Budget
from policy_proxy.policy.diff.meaning import atoms_of, leaves_reached, names_of
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.matrix.grid import (
    UNSCOPED,
    Cell,
    Change,
    Column,
    Effect,
    Entry,
    Grid,
    Row,
)
from policy_proxy.policy.matrix.question import Question, Roles
from policy_proxy.policy.matrix.together import missing
from policy_proxy.policy.nodes import Foreign, Never, Node

MAX_COMBINATIONS = 12
"""Most columns for combinations of roles."""

_ROLES = ("role", "roles")
_ALL_SCOPES = (*SCOPES, UNSCOPED)
_UNDECIDED = Cell(Effect.UNDECIDED, remark="too large to be decided")


def grid(sides: Sequence[Side], rules: Iterable[str], facts: Mapping[str, TargetFacts]) -> Grid:
    """
    :param sides: one policy or two; of two the second is the newer one.
    :param rules: the rows, in their order.
    :param facts: what is known of the targets of a rule; any target is possible where there are
        none.
    """
    asked = [_Asked.of(sides, rule, facts.get(rule, ANY_TARGET)) for rule in rules]
    roles = list(dict.fromkeys(role for one in asked for role in _roles(one)))
    answers = _Answers(sides, roles)
    for one in asked:
        answers.ask(one)
    columns, complete = _columns(answers, roles, len(sides))
    return _laid_out(asked, answers, columns, complete=complete)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule, and what makes it the same question as that of another rule."""

    rule: str
    nodes: tuple[Node, ...]
    scopes: tuple[frozenset[str] | None, ...]
    facts: TargetFacts
    extended: bool

    @classmethod
    def of(cls, sides: Sequence[Side], rule: str, facts: TargetFacts) -> _Asked:
        nodes = tuple(side.snapshot.rules.get(rule, Never()) for side in sides)
        scopes = tuple(side.snapshot.scopes.get(rule) for side in sides)
        leaves = itertools.chain.from_iterable(map(leaves_reached, nodes))
        extended = any(isinstance(leaf, Foreign) for leaf in leaves)
        if not extended:  # then it cannot see more of the facts than it names
            named = names_of(nodes)
            supplied = None if facts.supplied is None else facts.supplied & named
            facts = TargetFacts(supplied, facts.own & named)
        return cls(rule, nodes, scopes, facts, extended)

    @property
    def question(self) -> Hashable:
        """Equal for rules with the same answers. An extension may look at the name of the rule."""
        return self.nodes, self.scopes, self.facts, self.rule if self.extended else None

    def is_for(self, scope: str) -> bool:
        """Whether any of the policies lets a token of this scope ask."""
        kind = scope or "project"  # as oslo.policy takes it
        return any(scopes is not None and (not scopes or kind in scopes) for scopes in self.scopes)


def _roles(asked: _Asked) -> Iterator[str]:
    for atom in atoms_of(asked.nodes, asked.facts):
        if isinstance(atom, Member) and isinstance(atom.term, Constant) and atom.of in _ROLES:
            yield atom.term.text.lower()


class _Answers:
    """To each question once."""

    def __init__(self, sides: Sequence[Side], roles: Sequence[str]) -> None:
        self._sides, self._roles = sides, roles
        self._budget = Budget()
        self.questions: dict[Hashable, Question | None] = {}
        self._entries: dict[Hashable, Entry] = {}

    def ask(self, asked: _Asked) -> None:
        if asked.question not in self.questions:
            parts = (self._sides, asked.rule, asked.facts, self._roles, self._budget)
            try:
                self.questions[asked.question] = Question(*parts)
            except (TooLarge, RecursionError):
                self.questions[asked.question] = None

    def entry(self, asked: _Asked, scope: str, roles: Roles) -> Entry:
        key = (asked.question, scope, roles)
        if key not in self._entries:
            self._entries[key] = self._entry(asked, scope, roles)
        return self._entries[key]

    def _entry(self, asked: _Asked, scope: str, roles: Roles) -> Entry:
        question = self.questions[asked.question]
        with contextlib.suppress(TooLarge, RecursionError):
            if question is not None:
                return question.entry(scope, roles)
        each = len(self._sides)
        if not asked.is_for(scope):
            return Entry((Cell(Effect.DENIED),) * each)
        return Entry((_UNDECIDED,) * each, Change.PERHAPS if each > 1 else Change.NONE)


def _columns(answers: _Answers, roles: Sequence[str], policies: int) -> tuple[list[Roles], bool]:
    """The roles of each column, and whether there are all that are needed."""
    single: list[Roles] = [frozenset({role}) for role in roles]
    columns: list[Roles] = [*single, frozenset()]
    complete = None not in answers.questions.values()
    todo = [question for question in answers.questions.values() if question]
    while todo:
        try:
            found = missing(todo[-1], columns, policies)
        except (TooLarge, RecursionError):
            found, complete = None, False
        if found is None:
            todo.pop()
        elif len(columns) - len(single) > MAX_COMBINATIONS:
            return columns, False
        else:
            columns.insert(-1, found)
            todo = [question for question in answers.questions.values() if question]
    return columns, complete


def _laid_out(
    asked: Sequence[_Asked], answers: _Answers, columns: Sequence[Roles], *, complete: bool
) -> Grid:
    """The scopes beside each other; those in which everything is alike are one."""
    groups: dict[tuple[tuple[Entry, ...], ...], list[str]] = {}
    shut = []
    for scope in _ALL_SCOPES:
        kinds = columns if scope else [frozenset[str]()]
        whole = tuple(tuple(answers.entry(one, scope, kind) for one in asked) for kind in kinds)
        if all(map(_denied, itertools.chain.from_iterable(whole))) and scope != SCOPES[0]:
            shut.append(scope)
        else:
            groups.setdefault(whole, []).append(scope)
    order = [role for kind in columns if len(kind) == 1 for role in kind]
    made = [
        (Column(tuple(scopes), tuple(sorted(kind, key=order.index))), entries)
        for whole, scopes in groups.items()
        for kind, entries in zip(
            columns if scopes != [UNSCOPED] else [frozenset[str]()], whole, strict=True
        )
    ]
    rows = (
        Row(one.rule, tuple(entries[place] for _, entries in made))
        for place, one in enumerate(asked)
    )
    return Grid(tuple(column for column, _ in made), tuple(rows), tuple(shut), complete)


def _denied(entry: Entry) -> bool:
    return all(cell.effect is Effect.DENIED for cell in entry.cells)
