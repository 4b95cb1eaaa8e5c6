from __future__ import annotations

import re

import pytest
from oslo_policy.policy import RuleDefault

from policy_proxy.errors import ConfigurationError
from policy_proxy.model import BodyRule
from policy_proxy.placement.operations import OPERATIONS, build
from policy_proxy.placement.parameters import parameters_of
from policy_proxy.placement.rules import list_rules
from policy_proxy.placement.rules.base import declare


def operation(method, template):
    (found,) = [op for op in OPERATIONS if (op.method, op.template) == (method, template)]
    return found


def test_only_version_discovery_is_public_and_only_it_has_no_rule():
    public = {(op.method, op.template) for op in OPERATIONS if op.public}

    assert public == {("GET", "/"), ("GET", "")}
    assert {op.rule for op in OPERATIONS if op.public} == {""}
    assert all(op.rule.startswith("placement:") for op in OPERATIONS if not op.public)


def test_a_rule_may_decide_two_routes():
    for method, rule in (("PUT", "update"), ("DELETE", "delete")):
        for template in ("inventories", "inventories/{resource_class}"):
            found = operation(method, f"/resource_providers/{{uuid}}/{template}")
            assert found.rule == f"placement:resource_providers:inventories:{rule}"


@pytest.mark.parametrize(
    ("method", "template", "body"),
    [
        ("POST", "/reshaper", BodyRule.REQUIRED),
        ("PUT", "/allocations/{consumer_uuid}", BodyRule.REQUIRED),
        ("PUT", "/resource_classes/{name}", BodyRule.OPTIONAL),
        ("PUT", "/traits/{name}", BodyRule.NONE),
        ("GET", "/usages", BodyRule.NONE),
        ("DELETE", "/resource_providers/{uuid}", BodyRule.NONE),
    ],
)
def test_which_operations_take_a_body(method, template, body):
    assert operation(method, template).body is body


def test_only_reads_with_content_negotiate():
    silent = {(op.method, op.template) for op in OPERATIONS if not op.negotiates}

    assert {route for route in silent if route[0] == "GET"} == {
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/traits/{name}"),
    }
    assert {op.method for op in OPERATIONS if op.negotiates} == {"GET"}


def test_every_parameter_of_every_template_is_known():
    for op in OPERATIONS:
        names = [parameter.name for parameter in parameters_of(op)]
        assert re.findall(r"{(\w+)}", op.template) == names


def test_two_rules_that_claim_one_route_stop_the_start():
    rules = [*list_rules(), declare("placement:other", "Other.", "GET /traits/{trait}")]

    with pytest.raises(ConfigurationError) as caught:
        build(rules)

    (problem,) = caught.value.problems
    assert "placement:other" in problem
    assert "placement:traits:show" in problem
    assert "GET /traits/{trait}" in problem


def test_a_rule_cannot_claim_version_discovery():
    with pytest.raises(ConfigurationError, match="version discovery"):
        build([declare("placement:root", "Root.", "GET /")])


def test_a_rule_of_the_service_without_a_route_stops_the_start():
    with pytest.raises(ConfigurationError, match="placement:lost has no operation"):
        build([RuleDefault("placement:lost", "role:admin")])


def test_a_rule_outside_the_namespace_needs_no_route():
    assert [op for op in build([RuleDefault("admin_api", "role:admin")]) if not op.public] == []


def test_every_problem_is_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        build([RuleDefault("placement:a", "!"), RuleDefault("placement:b", "!")])

    assert len(caught.value.problems) == 2
