"""From the truth of atoms to somebody for whom they are true: an identity and a target.

Whoever uses the result checks it: a case that is not found here is no proof that there is none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy_proxy.model import Identity
from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.diff.atoms import (
    Atom,
    Attribute,
    Constant,
    Credential,
    Equal,
    Filled,
    InAdminProject,
    Literals,
    Member,
    Scoped,
    TargetFacts,
    Term,
)
from policy_proxy.policy.diff.meaning import variable
from policy_proxy.policy.diff.theory import SCOPE_OF, SCOPES

Case = tuple[Identity, dict[str, str]]
"""A caller and a target."""


def realised(model: Literals, facts: TargetFacts) -> Case:
    """A caller and a target for whom the atoms are true or false as the model says.

    Values that the model does not fix are new ones, which occur in no policy.
    """
    values = _values(model, facts)
    scope = next((scope for scope in SCOPES if model.get(Scoped(scope))), "")
    caller = _texts(model, values, scope)
    roles = tuple(_roles(model, values))
    if scope and not roles:
        roles = (_new("role", _taken(model)),)
    target = {term.name: value for term, value in values.items() if isinstance(term, Attribute)} | {
        name: caller[name] for name in facts.own if name in caller
    }
    listed = _true(model, "service_roles", values)
    identity = Identity(
        **caller,
        roles=roles,
        service_roles=tuple(dict.fromkeys(listed)),
        is_admin_project=model.get(InAdminProject(), True),
    )
    return identity, target


def _values(model: Literals, facts: TargetFacts) -> dict[Term, str]:
    """A value for every term: equal ones have the same, the others have new ones."""
    classes: dict[Term, list[Term]] = {}
    for term in [*_terms(model, facts), Credential("user_id")]:
        classes.setdefault(term, [term])
    for atom, holds in model.items():
        if isinstance(atom, Equal) and holds and classes[atom.left] is not classes[atom.right]:
            classes[atom.left] += classes[atom.right]
            classes |= dict.fromkeys(classes[atom.right], classes[atom.left])
    taken = _taken(model)
    values: dict[Term, str] = {}
    # What is made of other values comes last.
    for group in sorted(classes.values(), key=lambda g: any(isinstance(t, Filled) for t in g)):
        if group[0] not in values:
            values |= dict.fromkeys(group, _value(group, values, taken, facts))
    return values


def _value(
    group: Iterable[Term], values: Mapping[Term, str], taken: set[str], facts: TargetFacts
) -> str:
    for term in group:
        if isinstance(term, Constant):
            return term.text
    for term in group:
        if isinstance(term, Filled):
            known = {name: values.get(variable(name, facts), "") for name in term.text.names}
            return term.text.form % known
    return next(_new(t.name, taken) for t in group if isinstance(t, Credential | Attribute))


def _terms(model: Literals, facts: TargetFacts) -> Iterator[Term]:
    for atom in model:
        terms = (atom.left, atom.right) if isinstance(atom, Equal) else ()
        for term in (atom.term,) if isinstance(atom, Member) else terms:
            yield term
            if isinstance(term, Filled):
                yield from (variable(name, facts) for name in term.text.names)


def _texts(model: Literals, values: Mapping[Term, str], scope: str) -> dict[str, str]:
    """The caller's attributes of one value. Those of a service token only where one is needed."""
    taken = {*_taken(model), *values.values()}
    caller = {"system_scope": "all"} if scope == "system" else {}
    if scope in ("project", "domain"):
        caller[f"{scope}_id"] = values.get(Credential(f"{scope}_id")) or _new(scope, taken)
    service = any(holds and _of_service(atom) for atom, holds in model.items())
    for name in TEXTS:
        value = values.get(Credential(name))
        there = service if name.startswith("service_") else SCOPE_OF.get(name, scope) == scope
        if value and there:
            caller[name] = value
    if service:
        caller.setdefault("service_user_id", _new("service_user_id", taken))
    return caller


def _of_service(atom: Atom) -> bool:
    if isinstance(atom, Member):
        return atom.of == "service_roles"
    terms = (atom.left, atom.right) if isinstance(atom, Equal) else ()
    return any(isinstance(t, Credential) and t.name.startswith("service_") for t in terms)


def _roles(model: Literals, values: Mapping[Term, str]) -> Iterator[str]:
    """The roles, each spelled so that no check of the exact spelling meets it by accident."""
    exact = dict.fromkeys(_true(model, "roles", values))
    avoided = {
        values[atom.term]
        for atom, holds in model.items()
        if isinstance(atom, Member) and atom.of == "roles" and not holds
    }
    yield from exact
    folded = {role.lower() for role in exact}
    for role in _true(model, "role", values):
        if role.lower() not in folded:
            folded.add(role.lower())
            yield next((r for r in _spellings(role) if r not in avoided), role)


def _spellings(role: str) -> Iterator[str]:
    yield from (role, role.lower(), role.title(), role.upper())
    for length in range(1, len(role)):
        for places in itertools.combinations(range(min(len(role), 12)), length):
            changed = "".join(c.swapcase() if n in places else c for n, c in enumerate(role))
            if changed.lower() == role.lower():
                yield changed


def _true(model: Literals, of: str, values: Mapping[Term, str]) -> Iterator[str]:
    for atom, holds in model.items():
        if isinstance(atom, Member) and atom.of == of and holds:
            yield values[atom.term]


def _taken(model: Literals) -> set[str]:
    """The texts of the policies, in lower case: a new value is none of them, nor spelled alike."""
    terms: set[Any] = {*_terms(model, TargetFacts())}
    return {term.text.lower() for term in terms if isinstance(term, Constant)}


def _new(name: str, taken: set[str]) -> str:
    """A value that is not taken yet; it is from now on."""
    kind = re.sub(r"[._]u?u?id$", "", name).replace(".", "-").replace("_", "-")
    value = next(v for n in itertools.count(1) if (v := f"{kind}-{n}") not in taken)
    taken.add(value)
    return value
