"""Policies of a few rules, to be compared."""

from __future__ import annotations

import pytest
from oslo_policy import policy

from policy_proxy.policy import assembly
from policy_proxy.policy.diff.atoms import ANY_TARGET
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
