from __future__ import annotations

import pytest
from hypothesis import given, settings
from oslo_policy import policy

from harness.examples import some
from policy_proxy.policy.build import build
from policy_proxy.policy.explain import DEFAULT
from policy_proxy.policy.listing import Listed, check_string, expanded, listing, origins_of
from policy_proxy.policy.nodes import And, HasRole, Not, Or, Reference
from policy_proxy.policy.source import read
from policy_proxy.policy.values import Text
from unit.policy.explained_nodes import callers, rules, targets

A, B, C = (HasRole(Text(name)) for name in "abc")


@pytest.fixture
def snapshot_of(site, defaults):
    def built(text):
        site.write(text)
        return build(read(site.settings()), site.settings(), defaults)

    return built


def test_a_rule_stands_in_full_with_what_it_is_for(site):
    def documented():
        helper = policy.RuleDefault("helper", "role:a", description="Helps.")
        routes = [{"method": "GET", "path": "/one"}, {"method": "PUT", "path": "/two"}]
        one = policy.DocumentedRuleDefault(
            "x:one", "rule:helper and role:b", "Does one.", routes, scope_types=["system", "domain"]
        )
        return [helper, one]

    site.write('"x:one": "rule:helper or rule:mine"\n"mine": "not role:c"\n')
    snapshot = build(read(site.settings()), site.settings(), documented)

    assert listing(snapshot, documented()) == (
        Listed("helper", "role:a", DEFAULT, {}, "Helps.", (), ()),
        Listed(
            "x:one",
            "role:a or not role:c",
            f"{site.file}:1",
            {"helper": DEFAULT, "mine": f"{site.file}:2"},
            "Does one.",
            ("GET /one", "PUT /two"),
            ("domain", "system"),
        ),
        Listed("mine", "not role:c", f"{site.file}:2", {}, "", (), ()),
    )


def test_a_rule_tells_which_others_it_uses_and_where_they_stand(snapshot_of, defaults, site):
    snapshot = snapshot_of('"admin_api": "role:boss"\n')
    listed = {one.name: one for one in listing(snapshot, defaults())}

    assert listed["things:list"].origin == DEFAULT
    assert listed["things:list"].uses == {"admin_api": f"{site.file}:1", "owner_api": DEFAULT}
    assert listed["things:show"].uses == {}


def test_the_place_of_an_old_name_is_that_of_the_new_one(snapshot_of, defaults, site):
    snapshot = snapshot_of('"things:edit": "role:boss"\n')

    assert origins_of(snapshot, defaults())["things:update"] == f"{site.file}:1"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"things:edit": "role:boss"\n"things:update": "!"\n', 2),
        ('"things:edit": "role:editor"\n', None),
    ],
)
def test_unless_the_old_name_has_no_effect(snapshot_of, defaults, site, text, line):
    found = origins_of(snapshot_of(text), defaults())

    assert found.get("things:update") == (f"{site.file}:{line}" if line else None)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (A, "role:a"),
        (Or((A, Or((B, C)))), "role:a or role:b or role:c"),
        (Or((A, And((B, C)))), "role:a or (role:b and role:c)"),
        (And((Or((A, B)), C)), "(role:a or role:b) and role:c"),
        (Not(Or((A, B))), "not (role:a or role:b)"),
        (And((A, Reference("x", {"x": And((B, C))}))), "role:a and role:b and role:c"),
        (Not(Reference("x", {"x": Not(A)})), "not not role:a"),
    ],
)
def test_references_and_needless_parentheses_go(node, text):
    assert check_string(expanded(node)) == text


@settings(max_examples=some(300))
@given(rules(), callers(), targets)
def test_in_full_it_means_the_same(made, creds, target):
    node = Reference("top", made)

    assert expanded(node).holds(creds, target) is node.holds(creds, target)
    assert "rule:" not in check_string(expanded(node))
