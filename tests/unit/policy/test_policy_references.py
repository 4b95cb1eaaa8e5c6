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
    assert _problems({"x": "@", "a": check}) == [
        "p:2: rule 'a' refers to rule:b, which is not defined: define it, or correct its name"
    ]


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


def test_rules_may_share_what_they_refer_to():
    shared = {"a": "rule:c and rule:b", "b": "not rule:c", "c": "role:x"}
    assert _problems(shared) == []
