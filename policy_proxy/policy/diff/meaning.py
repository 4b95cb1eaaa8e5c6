"""What a single check says, in atoms."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.diff.atoms import (
    ALWAYS,
    NEVER,
    Alternatives,
    Atom,
    Attribute,
    Constant,
    Credential,
    Fails,
    Filled,
    InAdminProject,
    Literals,
    Misses,
    Opaque,
    Scoped,
    TargetFacts,
    Term,
    edge,
    member,
)
from policy_proxy.policy.nodes import (
    Always,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Node,
    Reference,
    parts_of,
)
from policy_proxy.policy.remote import KINDS as REMOTE
from policy_proxy.policy.values import Text

_SYSTEM = ("system_scope", "system")
_NOTHING = Text("")
_KNOWN = (*TEXTS, *LISTS, *_SYSTEM, "is_admin_project")


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
    return dict.fromkeys(
        atom
        for node in nodes
        for leaf in dict.fromkeys(leaves_reached(node))
        for literals in (*meaning(leaf, facts), *failure(leaf), *absence(leaf))
        for atom in literals
    )


def names_of(nodes: Iterable[Node]) -> frozenset[str]:
    """The attributes of the target that nodes name, every reference followed."""
    leaves = itertools.chain.from_iterable(map(leaves_reached, nodes))
    texts = (
        leaf.name if isinstance(leaf, HasRole) else getattr(leaf, "wanted", _NOTHING)
        for leaf in leaves
    )
    return frozenset(name for text in texts for name in text.names)


def meaning(leaf: Node, facts: TargetFacts) -> Alternatives:
    """When a single check holds."""
    if isinstance(leaf, Always):
        return ALWAYS
    if isinstance(leaf, HasRole):
        return _in_list("role", _term(leaf.name, facts))
    if isinstance(leaf, Literal):
        return _equal(Constant(leaf.value), _term(leaf.wanted, facts), facts)
    if isinstance(leaf, Matches) and len(leaf.path) == 1:
        return _matches(leaf.path[0], _term(leaf.wanted, facts), facts)
    return ({Opaque(leaf.written): True},) if isinstance(leaf, Foreign) else NEVER


def failure(leaf: Node) -> Alternatives:
    """When a single check fails, so that the rule that is asked for denies.

    What a token has are texts, in which `a.b` finds no attribute.
    """
    within_a_text = isinstance(leaf, Matches) and len(leaf.path) > 1 and leaf.path[0] in _KNOWN
    if within_a_text or isinstance(leaf, Foreign):
        return ({Fails(str(leaf)): True},)
    return NEVER


def absence(leaf: Node) -> Alternatives:
    """When a single check fails because it does not find something. A remote server cannot bring
    that about.
    """
    return ({Misses(str(leaf)): True},) if isinstance(leaf, Foreign) and not asks(leaf) else NEVER


def asks(leaf: Foreign) -> bool:
    """Whether it is a remote server that answers."""
    return leaf.written.partition(":")[0] in REMOTE


def variable(name: str, facts: TargetFacts) -> Credential | Attribute:
    """What stands behind `%(name)s`."""
    return Credential(name) if name in facts.own else Attribute(name)


def _term(text: Text, facts: TargetFacts) -> Term | None:
    """What stands on the right side; None for what is always absent."""
    if not text.names:
        return Constant(text.filled({}) or "")
    if facts.supplied is not None and not facts.supplied | facts.own >= {*text.names}:
        return None
    name = text.names[0]
    return variable(name, facts) if text.form == f"%({name})s" else Filled(text)


def _matches(name: str, term: Term | None, facts: TargetFacts) -> Alternatives:
    if term is None or term == Constant(""):
        return NEVER
    if name in LISTS:
        return _in_list(name, term)
    if name in _SYSTEM:
        return _all_of({Scoped("system"): True}, _equal(Constant("all"), term, facts))
    if name == "is_admin_project":
        yes = _all_of({InAdminProject(): True}, _equal(Constant("True"), term, facts))
        return yes + _all_of({InAdminProject(): False}, _equal(Constant("False"), term, facts))
    return ({edge(Credential(name), term): True},) if name in TEXTS else NEVER


def _in_list(of: str, term: Term | None) -> Alternatives:
    return NEVER if term is None or term == Constant("") else ({member(of, term): True},)


def _equal(constant: Constant, term: Term | None, facts: TargetFacts) -> Alternatives:
    """When a term has this value. Only a text by itself can be empty: whatever else is, is
    absent.
    """
    if term is None or isinstance(term, Constant):
        return ALWAYS if term == constant else NEVER
    if not constant.text:
        return NEVER
    if isinstance(term, Filled) and len(term.text.names) == 1:
        return _within(constant.text, term.text, facts)
    return ({edge(constant, term): True},)


def _all_of(literals: Literals, alternatives: Alternatives) -> Alternatives:
    return tuple({**literals, **others} for others in alternatives)


def _within(whole: str, text: Text, facts: TargetFacts) -> Alternatives:
    """When a text with one name in it is this whole: if the attribute is what is left of it."""
    (name,) = text.names
    mark = next(c for c in map(chr, itertools.count()) if c not in text.form)
    before, _, after = (text.form % {name: mark}).partition(mark)
    middle = whole[len(before) : len(whole) - len(after)]
    if not middle or before + middle + after != whole:
        return NEVER
    return ({edge(variable(name, facts), Constant(middle)): True},)
