"""What is remembered of a request is all that its verdict depends on."""

from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oslo_policy import _checks

from harness import stock
from harness.examples import some
from harness.stock import present
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.mentions import mentions
from policy_proxy.policy.replay.looks import EVERYTHING, Looks, looks
from policy_proxy.policy.replay.remembered import Remembered, Undecidable
from policy_proxy.policy.snapshot import PolicySnapshot
from unit.policy.oracle_policies import (
    RULES,
    House3,
    House4,
    askers,
    policies,
    things_defaults,
)
from unit.policy.replay.recorded import recorded

SOME = Looks(("domain_id", "project_id", "system_scope"), ("project_id",))


@pytest.fixture(scope="module", autouse=True)
def _house_checks():
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # checks that fail are no news here
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(_checks.get_extensions(), "house3", House3)
        patched.setitem(_checks.registered_checks, "house4", House4)
        yield
    logging.disable(before)


def snapshot_of(enforcer):
    nodes = compiled(enforcer)
    return PolicySnapshot("r", 0.0, nodes, scopes(enforcer), mentions(nodes))


@settings(max_examples=some(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=policies(circles=False), pairs=askers(8, 4), most=st.integers(1, 40))
def test_the_verdict_is_that_of_the_policy(rules, pairs, most, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "remembered.yaml"
    enforcer = stock.enforcer(path, rules, things_defaults())
    snapshot = snapshot_of(enforcer)
    seen = {rule: looks(snapshot, rule) for rule in RULES}
    remembered = Remembered(seen, snapshot.authorize, most)

    for identity, target in pairs:
        there = present(target)
        for rule in RULES:
            expected = snapshot.authorize(rule, there, identity)
            assert remembered(recorded(rule, identity, there)) is expected, rule


def asked_of(looks, most=100):
    """What a policy is asked, of records of a rule with these looks."""
    asked = []

    def ask(*question):
        asked.append(question)
        return len(asked)

    return Remembered({"r": looks}, ask, most), asked


def test_what_no_rule_looks_at_makes_no_difference():
    remembered, asked = asked_of(SOME)

    for number in range(50):
        answer = remembered(recorded("r", target={"trait": str(number)}, user_id=str(number)))
        assert answer == 1

    ((rule, target, identity),) = asked
    assert (rule, target, identity.user_id) == ("r", {}, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"project_id": "q"},
        {"system_scope": "all"},
        {"domain_id": "d"},
        {"roles": ["b"]},
        {"roles": ["a", "a"]},
        {"service_roles": ["a"]},
        {"target": {"project_id": "q"}},
        {"target": {}},
    ],
)
def test_what_a_rule_looks_at_does(changes):
    remembered, asked = asked_of(SOME)
    one = recorded("r", target={"project_id": "p"}, project_id="p", roles=["a"])

    assert [remembered(one), remembered(one | changes), remembered(one)] == [1, 2, 1]
    assert len(asked) == 2


def test_no_more_than_so_many_answers_are_remembered():
    remembered, asked = asked_of(SOME, most=10)

    for number in range(100):
        remembered(recorded("r", project_id=str(number)))
        assert sum(len(rule.known) for rule in remembered._rules.values()) <= 10

    assert len(asked) == 100


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"operation": "gone"}, "the service has no operation 'gone'"),
        ({"operation": None}, "its operation is no text"),
        ({"operation": []}, "its operation is no text"),
        *(
            ({name: value}, "a value in it is of another kind than it should be")
            for name, value in [
                ("roles", "ab"),
                ("roles", ["a", 1]),
                ("roles", {}),
                ("roles", [[]]),
                ("service_roles", None),
                ("project_id", None),
                ("project_id", []),
                ("system_scope", 1),
                ("target", []),
                ("target", None),
            ]
        ),
        ({"target": {"project_id": 1}}, "a value in its target is no text"),
        ({"target": {"project_id": {}}}, "a value in it is of another kind than it should be"),
    ],
)
def test_a_record_that_cannot_be_decided_says_why(changes, why):
    remembered, asked = asked_of(SOME)

    with pytest.raises(Undecidable) as refused:
        remembered(recorded("r", roles=["a", "b"]) | changes)

    assert str(refused.value) == why
    assert asked == []


def test_a_check_of_somebody_elses_is_given_everything():
    remembered, asked = asked_of(EVERYTHING)
    target = {"trait": "T", "other": "x"}

    remembered(recorded("r", target=target, user_id="u", service_user_domain_id="d"))
    remembered(recorded("r", target=target, user_id="v", service_user_domain_id="d"))

    assert [given[1] for given in asked] == [target, target]
    assert asked[0][2].user_id == "u"
    assert asked[0][2].service_user_domain_id == "d"


def test_what_an_old_record_does_not_say_is_not_guessed():
    remembered, _ = asked_of(Looks(("domain_id", "service_user_domain_id", "system_scope"), ()))
    old = recorded("r")
    del old["service_user_domain_id"]

    with pytest.raises(Undecidable, match="does not say the service_user_domain_id that r looks"):
        remembered(old)
