"""Policies of a few rules, to be compared."""

from __future__ import annotations

import pytest
from oslo_policy import policy

from policy_proxy.policy import assembly
from policy_proxy.policy.diff.atoms import (
    ANY_TARGET,
    Constant,
    Credential,
    Equal,
    Filled,
    InAdminProject,
    Member,
    Scoped,
)
from policy_proxy.policy.diff.compare import changes
from policy_proxy.policy.diff.oracle import side

RULE = "things:do"


@pytest.fixture(scope="session")
def side_of(policy_settings):
    """A policy whose only operation has this check, with other rules to refer to."""

    def made(check, scopes=None, **others):
        def defaults():
            operation = policy.RuleDefault(RULE, check, scope_types=scopes)
            return [operation, *(policy.RuleDefault(*other) for other in others.items())]

        settings = policy_settings()
        snapshot = assembly.snapshot(assembly.loaded({}, settings, defaults()), {}, "r")
        return side(snapshot, settings, defaults)

    return made


@pytest.fixture(scope="session")
def change_between(side_of):
    """What becomes of the operation when one check takes the place of another."""

    def made(old, new, scopes=None, facts=ANY_TARGET):
        sides = side_of(old, scopes), side_of(new, scopes)
        (change,) = changes(*sides, [RULE], {RULE: facts})
        return change

    return made


@pytest.fixture(scope="session")
def is_true():
    """Whether an atom is true of a caller and a target: its meaning, said a second time."""
    return _is_true


def _is_true(atom, identity, target):
    if isinstance(atom, Equal):
        one, other = _value(atom.left, identity, target), _value(atom.right, identity, target)
        return bool(one) and one == other
    if isinstance(atom, Member):
        value = _value(atom.term, identity, target)
        if atom.of == "role":
            return bool(value) and value.lower() in [role.lower() for role in identity.roles]
        return value in getattr(identity, atom.of)
    if isinstance(atom, Scoped):
        return bool(getattr(identity, {"system": "system_scope"}.get(atom.to, f"{atom.to}_id")))
    assert isinstance(atom, InAdminProject)
    return identity.is_admin_project


def _value(term, identity, target):
    if isinstance(term, Constant):
        return term.text
    if isinstance(term, Credential):
        return getattr(identity, term.name)
    if isinstance(term, Filled):
        return term.text.filled(target)
    return target.get(term.name)
