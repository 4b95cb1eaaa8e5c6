"""What a single check says, in atoms: statements that two policies have in common.

An atom speaks of the caller and the target, not of a policy: `role:Admin` and `role:admin` are one,
and so are `project_id:%(project_id)s` and the comparison that it makes. How atoms depend on each
other is said in `theory`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nodes import (
    Always,
    HasRole,
    Literal,
    Matches,
    Never,
    Node,
    Reference,
    Text,
    parts_of,
)


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
    """A check that cannot be looked into. It is taken to answer alike wherever it is written."""

    written: str


Atom = Equal | Member | Scoped | InAdminProject | Opaque
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


def leaves_reached(node: Node) -> Iterator[Node]:
    """The single checks of a node, every reference followed once."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, Reference):
            if one.name not in seen:
                seen.add(one.name)
                todo.append(one.rules[one.name])
        elif parts_of(one):
            todo += reversed(parts_of(one))
        else:
            yield one


def atoms_of(nodes: Iterable[Node], facts: TargetFacts) -> dict[Atom, None]:
    """The atoms that nodes mention, in their order, every reference followed."""
    leaves = [leaf for node in nodes for leaf in leaves_reached(node)]
    return dict.fromkeys(a for leaf in leaves for some in meaning(leaf, facts) for a in some)


def meaning(leaf: Node, facts: TargetFacts) -> Alternatives:
    """What a single check says."""
    if isinstance(leaf, Always):
        return ALWAYS
    if isinstance(leaf, Never):
        return NEVER
    if isinstance(leaf, HasRole):
        return _member("role", _term(leaf.name, facts))
    if isinstance(leaf, Literal):
        return equal(Constant(leaf.value), _term(leaf.wanted, facts), facts)
    if isinstance(leaf, Matches) and len(leaf.path) == 1:
        return _matches(leaf.path[0], _term(leaf.wanted, facts), facts)
    return ({Opaque(str(leaf)): True},)


def variable(name: str, facts: TargetFacts) -> Credential | Attribute:
    """What stands behind `%(name)s`."""
    return Credential(name) if name in facts.own else Attribute(name)


def equal(one: Term, other: Term | None, facts: TargetFacts) -> Alternatives:
    """When two terms have the same value; None, as an absent one, never has."""
    if other is None or (Constant("") in (one, other) and one != other):
        return NEVER
    if isinstance(one, Constant) and isinstance(other, Constant):
        return ALWAYS if one == other else NEVER
    if isinstance(one, Constant) and isinstance(other, Filled):
        parts = _around_one_name(other.text)
        if parts:
            return _within(one.text, *parts, other.text.names[0], facts)
    return ({edge(one, other): True},)


def edge(one: Term, other: Term) -> Equal:
    """The atom of two terms, whichever is named first."""
    return Equal(*sorted((one, other), key=lambda term: (type(term).__name__, repr(term))))


def _term(text: Text, facts: TargetFacts) -> Term | None:
    if not text.names:
        return Constant(text.filled({}) or "")
    if facts.supplied is not None and not facts.supplied | facts.own >= {*text.names}:
        return None
    name = text.names[0]
    return variable(name, facts) if text.form == f"%({name})s" else Filled(text)


def _matches(name: str, term: Term | None, facts: TargetFacts) -> Alternatives:
    if term in (None, Constant("")):
        return NEVER
    if name in LISTS:
        return _member(name, term)
    if name in ("system_scope", "system"):
        return _all_of({Scoped("system"): True}, equal(Constant("all"), term, facts))
    if name == "is_admin_project":
        yes = _all_of({InAdminProject(): True}, equal(Constant("True"), term, facts))
        return yes + _all_of({InAdminProject(): False}, equal(Constant("False"), term, facts))
    return equal(Credential(name), term, facts) if name in TEXTS else NEVER


def _member(of: str, term: Term | None) -> Alternatives:
    if term in (None, Constant("")):
        return NEVER
    assert term is not None  # noqa: S101
    return ({Member(of, constant_in(of, term)): True},)


def constant_in(of: str, term: Term) -> Term:
    """The term as it is looked for in a list: roles by `role:` in lower case."""
    return Constant(term.text.lower()) if of == "role" and isinstance(term, Constant) else term


def _all_of(literals: Literals, alternatives: Alternatives) -> Alternatives:
    return tuple({**literals, **others} for others in alternatives)


def _around_one_name(text: Text) -> tuple[str, str] | None:
    """What stands before and after the only name in a text; None if there are several."""
    if len(text.names) != 1:
        return None
    before, after = text.form.split(f"%({text.names[0]})s")
    return before % {}, after % {}


def _within(whole: str, before: str, after: str, name: str, facts: TargetFacts) -> Alternatives:
    """When a text with a name in it is this whole: if the attribute is what is left of it."""
    middle = whole[len(before) : len(whole) - len(after)]
    if not middle or before + middle + after != whole:
        return NEVER
    return equal(variable(name, facts), Constant(middle), facts)
