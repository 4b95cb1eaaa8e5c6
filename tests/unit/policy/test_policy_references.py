from __future__ import annotations

import pytest
from oslo_policy import policy

from policy_proxy.policy.reader import Rule
from policy_proxy.policy.references import MAX_CHECKS, problems


def _problems(checks: dict[str, str]) -> list[str]:
    rules = {
        name: Rule(name, check, "p", line)
        for line, (name, check) in enumerate(checks.items(), start=1)
        if name != "default"
    }
    trees = {name: policy.RuleDefault(name, check).check for name, check in checks.items()}
    return [str(problem) for problem in problems(trees, rules)]


@pytest.mark.parametrize(
    "check", ["rule:b", "not rule:b", "role:x and (role:y or not (role:z and rule:b))"]
)
def test_an_undefined_rule_is_found_wherever_it_stands(check):
    (problem,) = _problems({"x": "@", "a": check})
    text, remedy = "refers to rule:b, which is not defined", "define it, or correct its name"
    assert problem == f"p:2: rule 'a' {text}: {remedy} [PP122]"


def test_the_nearest_name_is_offered():
    (problem,) = _problems({"cloud_admin": "role:x", "a": "rule:Cloud_Admn"})
    assert "not defined: did you mean rule:cloud_admin?" in problem


def test_not_every_one_of_many_undefined_names_is_compared_with_every_rule():
    helpers = {f"helper{n}": "role:x" for n in range(50)}
    broken = {f"a{n}": f"rule:helpers{n}" for n in range(50)}
    found = _problems(helpers | broken)
    assert len(found) == 50
    assert sum("did you mean" in problem for problem in found) == 20


@pytest.mark.parametrize(
    ("checks", "circle"),
    [
        ({"a": "rule:a"}, "a -> a"),
        ({"a": "role:x or not rule:a"}, "a -> a"),
        ({"x": "rule:a", "a": "rule:b", "b": "@ and not rule:a"}, "a -> b -> a"),
    ],
)
def test_a_circle_is_found_also_under_not(checks, circle):
    (problem,) = _problems(checks)
    assert f"refers to itself ({circle})" in problem
    assert problem.startswith("p:")


def test_a_default_rule_is_named_without_a_line():
    assert _problems({"default": "rule:nothing"})[0].startswith("default rules: rule 'default'")


def test_rules_that_double_are_refused_at_once():
    doubling = {f"r{n}": f"rule:r{n + 1} or rule:r{n + 1}" for n in range(20)}
    (problem,) = _problems(doubling | {"r20": "role:x"})
    assert f"more than {MAX_CHECKS} checks" in problem


def test_a_chain_that_would_exhaust_the_stack_is_refused():
    (problem,) = _problems({f"r{n}": f"rule:r{n + 1}" for n in range(5000)} | {"r5000": "role:x"})
    assert "within each other" in problem


def test_what_a_file_put_below_a_default_rule_is_to_blame_for_its_size():
    deep = "not " * 99 + "role:x"
    checks = {"heavy": deep, "default": "rule:light or rule:heavy", "light": "role:x"}
    (problem,) = _problems(checks)
    assert problem.startswith("p:1: rule 'heavy' takes more than 10000 checks, or 100 within")


def test_a_rule_in_force_under_another_name_is_named_as_the_file_names_it():
    rule = Rule("old", "rule:new", "p", 7)
    trees = {"new": policy.RuleDefault("new", rule.check).check}
    assert str(problems(trees, {"new": rule})[0]).startswith("p:7: rule 'old' refers to itself")


def test_rules_may_share_what_they_refer_to():
    shared = {"a": "rule:c and rule:b", "b": "not rule:c", "c": "role:x"}
    assert _problems(shared) == []
