from __future__ import annotations

import pytest
from hypothesis import given, settings

from harness.examples import some
from policy_proxy.policy.explain import Explained, explain
from policy_proxy.policy.nodes import (
    Always,
    And,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Never,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.values import Text
from unit.policy.explained_nodes import OURS, THEIRS, callers, rules, targets

OWNER = Text("%(owner)s", ("owner",))
BOTH = Text("%(owner)s/%(size)s", ("owner", "size"))
CREDS = {"project_id": "alpha", "roles": ["reader", "member"], "service_roles": ["service"]}


def value_of(node, creds, target):
    """As a decision would see it: None if it fails."""
    try:
        return node.holds(creds, target)
    except RuntimeError:
        return None


def every(explained):
    yield explained
    for part in explained.parts:
        yield from every(part)


@settings(max_examples=some(500))
@given(rules(OURS | THEIRS), callers(), targets)
def test_the_value_is_that_of_a_decision(made, creds, target):
    for name, node in made.items():
        explained = explain(Reference(name, made), creds, target, {})

        assert explained.value is value_of(node, creds, target)


@settings(max_examples=some(200))
@given(rules(OURS | THEIRS), callers(), targets)
def test_each_rule_is_opened_once_and_has_its_value_wherever_it_stands(made, creds, target):
    shown = [one for one in every(explain(Reference("top", made), creds, target, {})) if one.origin]

    opened = [one.text for one in shown if one.parts]
    assert len(opened) == len(set(opened))
    assert {one.text for one in shown} == set(opened)
    for one in shown:
        assert one.value is value_of(made[one.text.removeprefix("rule:")], creds, target)
        assert (one.why == "as above") is not bool(one.parts)


@pytest.mark.parametrize(
    ("node", "target", "value", "why"),
    [
        (Always(), {}, True, "always"),
        (Never(), {}, False, "never"),
        (HasRole(Text("admin")), {}, False, "roles are reader, member"),
        (HasRole(Text("Reader")), {}, True, "roles are reader, member"),
        (HasRole(OWNER), {}, False, "owner absent in the target"),
        (HasRole(OWNER), {"owner": "x"}, False, "x is asked for; roles are reader, member"),
        (Matches(("project_id",), Text("alpha")), {}, True, "alpha = alpha"),
        (Matches(("project_id",), OWNER), {"owner": "beta"}, False, "alpha ≠ beta"),
        (Matches(("project_id",), OWNER), {}, False, "owner absent in the target"),
        (Matches(("project_id",), BOTH), {}, False, "owner and size absent in the target"),
        (Matches(("domain_id",), OWNER), {}, False, "absent in the token"),
        (Matches(("roles",), Text("x")), {}, False, "x is not among reader, member"),
        (Matches(("roles",), Text("reader")), {}, True, "reader is among reader, member"),
        (Matches(("service_roles",), Text("x")), {}, False, "service ≠ x"),
        (Literal("'s'", "s", OWNER), {"owner": "s"}, True, "s = s"),
        (Literal("'s'", "s", OWNER), {}, False, "owner absent in the target"),
        (Foreign("x:y", lambda *_: True), {}, True, "a check of an extension"),
    ],
)
def test_a_single_check_tells_what_it_compared(node, target, value, why):
    assert explain(node, CREDS, target, {}) == Explained(str(node), value, why)


@pytest.mark.parametrize(("roles", "why"), [([], "no roles"), (["reader"], "the role is reader")])
def test_few_roles_are_told_as_such(roles, why):
    assert explain(HasRole(Text("admin")), {"roles": roles}, {}, {}).why == why


def test_a_check_that_fails_says_how_and_settles_what_it_would_settle():
    failing = Foreign("x:y", lambda *_: 1 / 0)
    after, before = Or((failing, Always())), Or((Always(), failing))

    why = "fails: ZeroDivisionError: division by zero"
    assert explain(failing, {}, {}, {}) == Explained("x:y", None, why)
    assert explain(after, {}, {}, {}).value is None
    assert explain(Not(after), {}, {}, {}).value is None
    assert explain(before, {}, {}, {}).value is True


def test_a_reference_takes_a_check_that_misses_something_for_a_no():
    made = {"inner": Foreign("x:y", lambda target, creds, asked: creds["is_admin"])}
    inner = Reference("inner", made)

    inside = explain(Not(inner), {}, {}, {})
    assert inside.value is True
    assert inside.parts[0].value is False
    assert inside.parts[0].parts == (Explained("x:y", None, "fails: KeyError: 'is_admin'"),)
    assert explain(made["inner"], {}, {}, {}).value is None


def test_rules_tell_where_they_stand():
    made = {}
    made |= {"inner": HasRole(Text("a")), "outer": And((Reference("inner", made), Always()))}

    outer = explain(Reference("outer", made), {}, {}, {"outer": "policy.yaml:3"})

    assert (outer.text, outer.origin, outer.value) == ("rule:outer", "policy.yaml:3", False)
    assert [part.text for part in outer.parts] == ["all of"]
    assert [part.origin for part in outer.parts[0].parts] == ["default", ""]
