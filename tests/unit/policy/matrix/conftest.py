"""Matrices of policies of two operations."""

from __future__ import annotations

import pytest
from oslo_policy import policy

from policy_proxy.policy import assembly
from policy_proxy.policy.diff.oracle import side
from policy_proxy.policy.matrix.build import grid

DO, SEE = "things:do", "things:see"


@pytest.fixture(scope="session")
def side_with(policy_settings):
    """A policy with these two operations, each with its check and the scope types of its rule, and
    with other rules to refer to.
    """

    def made(do, see="!", do_scopes=None, see_scopes=None, **others):
        def defaults():
            return [
                policy.RuleDefault(DO, do, scope_types=do_scopes),
                policy.RuleDefault(SEE, see, scope_types=see_scopes),
                *(policy.RuleDefault(*other) for other in others.items()),
            ]

        settings = policy_settings()
        snapshot = assembly.snapshot(assembly.loaded({}, settings, defaults()), {}, "r")
        return side(snapshot, settings, defaults)

    return made


@pytest.fixture(scope="session")
def grid_of():
    """The matrix of one policy, or of two."""

    def made(*sides, **facts):
        rules = {"do": DO, "see": SEE}
        return grid(sides, rules.values(), {rules[name]: known for name, known in facts.items()})

    return made
