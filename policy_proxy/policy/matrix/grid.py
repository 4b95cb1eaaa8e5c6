"""What a matrix says: a row for each operation, a column for each kind of caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from policy_proxy.policy.diff.atoms import Literals
from policy_proxy.policy.diff.realise import Case

UNSCOPED = ""
"""The scope of a token that has none."""


class Effect(StrEnum):
    """What a policy says to all callers of a kind.

    `DEPENDS`: it allows some of them, or some targets, and denies others. `UNDECIDED`: that could
    not be told, so it is none of the others.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"
    UNDECIDED = "undecided"


class Change(StrEnum):
    """What a second policy changes for all callers of a kind. `BOTH`: some gain and some lose.
    `PERHAPS`: it follows from the rules, but nobody was found on whom it shows; or it could not be
    told.
    """

    NONE = "unchanged"
    GAINED = "gained"
    LOST = "lost"
    BOTH = "both"
    PERHAPS = "undecided"


@dataclass(frozen=True, slots=True)
class Column:
    """A kind of caller.

    :param scopes: what the token may be scoped to, in all of which it is treated alike; `UNSCOPED`
        for a token without a scope.
    :param roles: in lower case: those that the caller has, of all the roles that the policies
        mention. None for a caller who has none of these, whatever other roles.
    """

    scopes: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a policy says to all callers of a kind.

    :param conditions: of `DEPENDS`: those and only those are allowed who meet one of these.
    :param remark: empty, or what is missing in what is said.
    :param cubes: the conditions in atoms.
    """

    effect: Effect
    conditions: tuple[str, ...] = ()
    remark: str = ""
    cubes: tuple[Literals, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """What each policy says to all callers of a kind, and what the second changes.

    :param cells: one for each policy.
    :param examples: callers of the kind, with targets, tried on the policies: of `DEPENDS` one who
        is allowed and one who is not, of a change one on whom it shows.
    """

    cells: tuple[Cell, ...]
    change: Change = Change.NONE
    examples: tuple[Case, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one operation: an entry for each column."""

    rule: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole matrix.

    A caller who has several of the roles may do what their columns say together; where he may not,
    or may do more, there is a column for these roles.

    :param shut: scopes without a column, because a token for them may do nothing.
    :param complete: whether there is a column for every combination of roles that needs one.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    shut: tuple[str, ...]
    complete: bool = True
