"""Atoms: statements about a caller and a target that two policies have in common.

An atom does not speak of a policy: `role:Admin` and `role:admin` are one, and so are
`project_id:%(project_id)s` and the comparison that it makes. Which atoms a check is made of is said
in `meaning`, how they depend on each other in `theory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy_proxy.policy.values import Text


@dataclass(frozen=True, slots=True, order=True)
class Constant:
    """A text that stands in a policy."""

    text: str


@dataclass(frozen=True, slots=True, order=True)
class Credential:
    """An attribute of the caller that has one value or none."""

    name: str


@dataclass(frozen=True, slots=True, order=True)
class Attribute:
    """An attribute of the target, as `%(name)s` names it."""

    name: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with attributes of the target among other things, as in `cell-%(name)s`."""

    text: Text


Term = Constant | Credential | Attribute | Filled


@dataclass(frozen=True, slots=True)
class Equal:
    """Both sides have a value, and the same. A credential equal to itself is one that is there."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Member:
    """The value of the term is in a list of the caller's.

    :param of: `role` (in whatever case; a constant is in lower case), `roles`, or `service_roles`.
    """

    of: str
    term: Term


@dataclass(frozen=True, slots=True)
class Scoped:
    """The token is scoped to a `project`, to a `domain`, or to the `system`."""

    to: str


@dataclass(frozen=True, slots=True)
class InAdminProject:
    """`is_admin_project` is True; otherwise it is False."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A check that cannot be looked into holds. It is taken to answer alike wherever it is
    written.
    """

    written: str


@dataclass(frozen=True, slots=True)
class Fails:
    """A check fails instead of an answer, which makes the rule that is asked for deny."""

    written: str


@dataclass(frozen=True, slots=True)
class Misses:
    """A check fails because it does not find something (KeyError): a reference to the rule that it
    stands in takes that for a no.
    """

    written: str


Atom = Equal | Member | Scoped | InAdminProject | Opaque | Fails | Misses
Literals = Mapping[Atom, bool]
"""Some atoms, each either affirmed or denied; all of it together."""

Alternatives = tuple[Literals, ...]
"""Whatever any of these say. None is never; one without any atom is always."""

NEVER: Alternatives = ()
ALWAYS: Alternatives = ({},)


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What is known of the targets of an operation.

    :param supplied: the attributes that a target can have; None if any.
    :param own: those that are always the caller's own attribute of the same name.
    """

    supplied: frozenset[str] | None = None
    own: frozenset[str] = frozenset()


ANY_TARGET = TargetFacts()


class TooLarge(Exception):
    """The question cannot be decided within the bounds."""


def edge(one: Term, other: Term) -> Equal:
    """The atom of two terms, whichever is named first."""
    return Equal(*sorted((one, other), key=lambda term: (type(term).__name__, repr(term))))


def member(of: str, term: Term) -> Member:
    """The atom of a list and a term; roles by `role:` are looked for in lower case."""
    if of == "role" and isinstance(term, Constant):
        return Member(of, Constant(term.text.lower()))
    return Member(of, term)
