"""Functions of many yes-or-no questions, as binary decision diagrams of `dd`.

They are exact; what is too large for them is refused by `TooLarge`, never cut short. A question is
named by its level, from 0: the place at which diagrams ask it.
https://github.com/tulip-control/dd/blob/main/doc.md
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dd.bdd import BDD

from policy_proxy.policy.diff.atoms import TooLarge

MAX_NODES = 100_000
"""Most nodes of all diagrams of one operation: reached after a few seconds."""

MAX_RUN = 2_000_000
"""Most nodes that are made or looked at for all operations together: reached after twenty seconds
at worst.
"""

Function = int
"""A diagram, as `dd.bdd` names it. Two functions are equal if their numbers are."""

Answers = Mapping[int, bool]
"""Some levels, each with yes or no."""


@dataclass(slots=True)
class Budget:
    """What several diagrams may cost together, in nodes made or looked at."""

    left: int = field(default_factory=lambda: MAX_RUN)

    @property
    def spent(self) -> bool:
        return self.left <= 0


class Diagrams:
    """All functions of so many questions. Every method that makes one, or looks at one, raises
    `TooLarge`.
    """

    def __init__(self, levels: int, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        # The plain manager, whose size can be bounded; nothing is collected until it is dropped.
        self._bdd = BDD()
        self._bdd.declare(*map(str, range(levels)))
        self.variables: list[Function] = [self._bdd.var(str(level)) for level in range(levels)]
        self._bdd.max_nodes = MAX_NODES
        self._full = False
        self.always: Function = self._bdd.true
        self.never: Function = self._bdd.false

    def ite(self, condition: Function, then: Function, otherwise: Function) -> Function:
        return self._bounded(self._bdd.ite, condition, then, otherwise)

    def all(self, functions: Iterable[Function]) -> Function:
        result = self.always
        for function in functions:
            result = self.ite(result, function, self.never)
        return result

    def any(self, functions: Iterable[Function]) -> Function:
        return self.not_(self.all(map(self.not_, functions)))

    def not_(self, function: Function) -> Function:
        return -function

    def literal(self, level: int, holds: bool) -> Function:  # noqa: FBT001  its value
        return self.variables[level] if holds else self.not_(self.variables[level])

    def of(self, answers: Answers) -> Function:
        """Where all these answers are given."""
        # The last first: each step then adds one node on top of the others.
        return self.all(self.literal(level, answers[level]) for level in sorted(answers)[::-1])

    def at_most_one(self, levels: Iterable[int]) -> Function:
        none = one = self.always
        for level in sorted(levels, reverse=True):
            one = self.ite(self.variables[level], none, one)
            none = self.ite(self.variables[level], self.never, none)
        return one

    def whatever(self, levels: Iterable[int], function: Function) -> Function:
        """Where the function holds for some answers at these levels."""
        return self._bounded(self._bdd.exist, map(str, levels), function)

    def path(self, function: Function, likely: Collection[int]) -> dict[int, bool]:
        """Answers that make a function true whatever the others are: no where that is possible, but
        yes at the likely levels. The function is not `never`.
        """
        answers: dict[int, bool] = {}
        while function != self.always:
            level, no, yes = self._below(function)
            first, second = (yes, no) if level in likely else (no, yes)
            function = second if first == self.never else first
            answers[level] = function == yes
        return answers

    def meets(self, function: Function, answers: Answers) -> bool:
        """Whether the function can be true with these answers."""
        last = max(answers, default=-1)
        seen, todo = {self.never}, [function]
        while todo:
            if self._budget.spent:
                raise TooLarge
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            self._budget.left -= 1
            if one == self.always:
                return True
            level, no, yes = self._below(one)
            if level > last:  # what is not `never` can be true
                return True
            holds = answers.get(level)
            todo += [no, yes] if holds is None else [yes if holds else no]
        return False

    def _below(self, function: Function) -> tuple[int, Function, Function]:
        """The first question, and what remains of the function after a no and after a yes."""
        level, no, yes = self._bdd.succ(function)
        return (level, -no, -yes) if function < 0 else (level, no, yes)

    def _bounded(self, operation: Callable[..., Any], *operands: Any) -> Function:
        if self._full or self._budget.spent:
            raise TooLarge
        before = len(self._bdd)
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
        finally:
            self._budget.left -= len(self._bdd) - before
