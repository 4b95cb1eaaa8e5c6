"""Roles that together are more, or less, than each of them: they get a column of their own.

A reader of a matrix adds up the columns of the roles that a caller has. That is wrong for
`role:a and role:b`, and for `role:a and not role:b`; and it is put right by a column for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policy_proxy.policy.diff.diagrams import Function
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.matrix.question import Question, Roles


def missing(question: Question, known: Iterable[Roles], policies: int) -> Roles | None:
    """Roles of which the columns that are there, added up, would say something wrong; None if
    there are none.

    :param known: the roles of each column.
    :param policies: how many the question is about.
    :raises TooLarge: if it cannot be told.
    """
    columns = list(known)
    for policy in range(policies):
        for scope in SCOPES:
            if roles := _missing(question, policy, scope, columns):
                return roles
    return None


def _missing(question: Question, policy: int, scope: str, columns: list[Roles]) -> Roles | None:
    made, space = question.space.diagrams, question.space
    allowed, read = question.allowed[policy], _read(question, policy, scope, columns)
    wrong = made.any([made.all([allowed, made.not_(read)]), made.all([read, made.not_(allowed)])])
    wrong = made.all([question.of_scope(scope), wrong])
    if wrong == made.never:
        return None
    levels = {level: role for role, level in question.levels.items()}
    others = [level for level in range(len(space.atoms)) if level not in levels]
    case = made.path(made.whatever(others, wrong), ())
    return frozenset(levels[level] for level, holds in case.items() if holds)


def _read(question: Question, policy: int, scope: str, columns: list[Roles]) -> Function:
    """Who is allowed, as a reader of these columns has it.

    A column counts for a caller who has its roles, unless a longer one does.
    """
    made = question.space.diagrams
    return made.any(
        made.all([*_counts(question, roles, columns), question.said(policy, scope, roles).yes])
        for roles in columns
    )


def _counts(question: Question, roles: Roles, columns: list[Roles]) -> Iterator[Function]:
    made = question.space.diagrams
    yield _all_of(question, roles)
    for longer in columns:
        if roles < longer:
            yield made.not_(_all_of(question, longer))


def _all_of(question: Question, roles: Roles) -> Function:
    return question.space.diagrams.of({question.levels[role]: True for role in roles})
