"""Callers in words: what a description in atoms means to whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator

from policy_proxy.policy.diff.atoms import (
    Constant,
    Credential,
    Equal,
    Fails,
    Filled,
    InAdminProject,
    Literals,
    Member,
    Misses,
    Opaque,
    Scoped,
    Term,
)
from policy_proxy.policy.diff.theory import SCOPES
from policy_proxy.policy.remote import shown

_LISTS = {"role": "role", "roles": "role spelled", "service_roles": "service role"}


def described(cube: Literals) -> str:
    """Who is meant, for example `role reader whose project_id is the target's`."""
    scope = _scope(cube)
    head = _roles(cube) or "anyone"
    said = ", ".join(_conditions(cube))
    if scope:
        head = f"{head} with {scope}{',' if said else ''}"
    return f"{head} {said}".rstrip()


def conditions(cube: Literals) -> str:
    """What is said of somebody who is known otherwise, such as `whose project_id is the target's`.

    :param cube: without scopes.
    """
    roles = _roles(cube)
    return ", ".join([*([f"with {roles}"] if roles else []), *_conditions(cube)])


def _roles(cube: Literals) -> str:
    had = [_role(atom) for atom, holds in cube.items() if isinstance(atom, Member) and holds]
    return " and ".join(had)


def _conditions(cube: Literals) -> Iterator[str]:
    for atom, holds in cube.items():
        if isinstance(atom, Equal):
            yield _equality(atom, holds=holds)
        elif isinstance(atom, InAdminProject):
            yield f"whose is_admin_project is {holds}"
        elif isinstance(atom, Opaque):
            yield f"to whom {shown(atom.written)} {'says' if holds else 'does not say'} yes"
        elif isinstance(atom, Fails):
            yield f"for whom {shown(atom.written)} {'fails' if holds else 'does not fail'}"
        elif isinstance(atom, Misses):
            yield f"of whom {shown(atom.written)} misses {'something' if holds else 'nothing'}"
    missing = [
        _role(atom) for atom, holds in cube.items() if isinstance(atom, Member) and not holds
    ]
    if missing:
        yield f"without {' or '.join(missing)}"


def _role(atom: Member) -> str:
    if isinstance(atom.term, Constant):
        return f"{_LISTS[atom.of]} {_term(atom.term)}"
    return f"a {_LISTS[atom.of]} like {_term(atom.term)}"


def _equality(atom: Equal, *, holds: bool) -> str:
    verb = "is" if holds else "is not"
    # The caller's side first; a constant last.
    order = {Credential: 0, Constant: 2}
    one, other = sorted((atom.left, atom.right), key=lambda term: order.get(type(term), 1))
    if not isinstance(one, Credential):
        return f"where {_term(one)} {verb} {_term(other)}"
    if one == other:
        return f"who has {'a' if holds else 'no'} {one.name}"
    same = not isinstance(other, Constant | Filled) and other.name == one.name
    value = "the target's" if same else _term(other)
    return f"whose {one.name} {verb} {value}"


def _term(term: Term) -> str:
    if isinstance(term, Constant):
        return term.text if term.text.isprintable() else repr(term.text)
    if isinstance(term, Filled):
        return f"the target's {term.text.form!r}"
    return f"the {'caller' if isinstance(term, Credential) else 'target'}'s {term.name}"


def _scope(cube: Literals) -> str:
    """The kinds of token that are left, if there is one that is not."""
    said = {atom.to: holds for atom, holds in cube.items() if isinstance(atom, Scoped)}
    kinds = {**{scope: f"{scope}-scoped" for scope in SCOPES}, "": "unscoped"}
    if True in said.values():
        left = [kind for scope, kind in kinds.items() if said.get(scope)]
    else:
        left = [kind for scope, kind in kinds.items() if scope not in said]
    article = "an" if left == [kinds[""]] else "a"
    return f"{article} {' or '.join(left)} token" if len(left) < len(kinds) else ""
