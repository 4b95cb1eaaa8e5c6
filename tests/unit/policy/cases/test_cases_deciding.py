"""Which checks decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_proxy.model import Identity
from policy_proxy.policy.cases.deciding import deciding
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.explain import explain
from policy_proxy.policy.nodes import And, Not, Or, Reference


def decided(snapshot, rule, who, target):
    tree = explain(Reference(rule, snapshot.rules), credentials(who), target, {})
    return deciding(tree)


@pytest.mark.parametrize(
    ("check", "roles", "expected"),
    [
        ("role:a", "a", "role:a"),
        ("role:a", "", "role:a"),
        ("role:a or role:b", "ab", "role:a"),
        ("role:a or role:b", "b", "role:b"),
        ("role:a or role:b", "", "role:a role:b"),
        ("role:a and role:b", "ab", "role:a role:b"),
        ("role:a and role:b", "", "role:a"),
        ("role:a and role:b", "a", "role:b"),
        ("not role:a", "a", "role:a"),
        ("not (role:a or role:b)", "b", "role:b"),
        ("role:c and not role:a or role:b", "b", "role:b"),
        ("rule:helper or role:c", "ab", "rule:helper role:a role:b"),
        ("rule:helper or role:c", "ac", "role:c"),
        (
            "rule:helper and role:c or role:d and rule:helper",
            "abd",
            "role:d rule:helper role:a role:b",
        ),
        ("@", "", "@"),
    ],
)
def test_the_first_that_settles_it_or_all_of_them(snapshot_of, check, roles, expected):
    snapshot = snapshot_of({"helper": "role:a and role:b", "one": check})

    found = decided(snapshot, "one", Identity(roles=tuple(roles)), {})

    assert found == {"rule:one", *expected.split()}


@settings(max_examples=80)
@given(data=st.data())
def test_other_checks_do_not_matter(snapshot_of, policies, everybody, data):
    """With every other check turned round, the answer stays."""
    snapshot = snapshot_of(data.draw(policies))
    who, target = data.draw(st.sampled_from(everybody))
    found = decided(snapshot, "two", who, target)
    rules = {}
    for name, node in snapshot.rules.items():
        rules[name] = turned(node, found, rules)

    others = replace(snapshot, rules=rules)

    assert others.authorize("two", target, who) is snapshot.authorize("two", target, who)


def turned(node, kept, rules):
    """The node with `not` before each single check that is not kept."""
    if isinstance(node, Reference):
        return Reference(node.name, rules)
    if isinstance(node, Not):
        return Not(turned(node.part, kept, rules))
    if isinstance(node, And | Or):
        return type(node)(tuple(turned(part, kept, rules) for part in node.parts))
    return node if str(node) in kept else Not(node)
