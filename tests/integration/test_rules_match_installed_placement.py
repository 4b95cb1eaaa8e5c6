"""Our rules and routes are those of the installed Placement: any difference fails here."""

from __future__ import annotations

import pytest
from oslo_policy.policy import RuleDefault
from placement import handler, microversion, policies

from policy_proxy.model import BodyRule
from policy_proxy.placement.operations import OPERATIONS, build
from policy_proxy.placement.rules import list_rules
from policy_proxy.placement.rules.base import declare

PLACEMENT_RULES = policies.list_rules()
ROUTES = handler.ROUTE_DECLARATIONS


def described(rule):
    """All of a rule that decides anything; its description is ours."""
    old = rule.deprecated_rule
    return {
        "check_str": rule.check_str,
        "scope_types": rule.scope_types,
        "deprecated_rule": old and (old.name, old.check_str, old.deprecated_since),
        "operations": {(op["method"], op["path"]) for op in getattr(rule, "operations", [])},
    }


def rule_differences(ours, theirs):
    ours = {rule.name: described(rule) for rule in ours}
    theirs = {rule.name: described(rule) for rule in theirs}
    return sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )


def route_differences(operations, declarations):
    """Templates whose methods, or the order of them that `Allow` shows, are not Placement's."""
    ours = {}
    for operation in operations:
        ours.setdefault(operation.template, []).append(operation.method)
    theirs = {template: list(methods) for template, methods in declarations.items()}
    return sorted(
        template
        for template in ours.keys() | theirs.keys()
        if ours.get(template) != theirs.get(template)
    )


def test_the_rules_are_placements_own():
    assert rule_differences(list_rules(), PLACEMENT_RULES) == []


def test_every_route_has_exactly_one_operation_in_the_order_that_allow_shows():
    assert route_differences(OPERATIONS, ROUTES) == []


def replaced(rule):
    return [rule if ours.name == rule.name else ours for ours in list_rules()]


def rescoped():
    rule = declare("placement:traits:list", "Other.", "GET /traits")
    rule.scope_types = ["project", "system"]
    return rule


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (list_rules()[:-1], "placement:reshaper:reshape"),
        ([*list_rules(), declare("placement:new", "New.", "GET /new")], "placement:new"),
        (
            replaced(declare("placement:traits:list", "Other.", "GET /traits", check_str="@")),
            "placement:traits:list",
        ),
        (
            replaced(declare("placement:traits:list", "Other.", "GET /traits", "PUT /traits")),
            "placement:traits:list",
        ),
        (replaced(rescoped()), "placement:traits:list"),
        (
            replaced(RuleDefault("service_api", "role:service", scope_types=["project"])),
            "service_api",
        ),
    ],
    ids=["missing", "added", "check string", "operation", "scope", "deprecated rule"],
)
def test_a_rule_that_differs_is_named(ours, name):
    assert rule_differences(ours, PLACEMENT_RULES) == [name]


@pytest.mark.parametrize(
    ("operations", "declarations", "template"),
    [
        (build(list_rules()[:-1]), ROUTES, "/reshaper"),
        (OPERATIONS, {**ROUTES, "/new": {"GET": None}}, "/new"),
        (OPERATIONS, {**ROUTES, "/usages": {"GET": None, "PUT": None}}, "/usages"),
        (OPERATIONS, {**ROUTES, "/traits/{name}": dict.fromkeys(("PUT", "GET", "DELETE"))}, None),
    ],
    ids=["missing", "a new route", "a new method", "order"],
)
def test_a_route_that_differs_is_named(operations, declarations, template):
    assert route_differences(operations, declarations) == [template or "/traits/{name}"]


def decorators(function):
    """The names of the functions that wrapped a handler, of all its microversions together."""
    found = {function.__code__.co_qualname.split(".")[0]}
    for cell in function.__closure__ or ():
        content = cell.cell_contents
        if callable(content):
            found |= decorators(content)
        elif content in microversion.VERSIONED_METHODS:
            for _, _, version in microversion.VERSIONED_METHODS[content]:
                found |= decorators(version)
    return found


def handler_decorators(operation):
    return decorators(ROUTES[operation.template][operation.method].func)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.method} {op.template}")
def test_content_and_accept_are_asked_for_where_the_handlers_do(operation):
    wrapped = handler_decorators(operation)

    assert operation.negotiates == ("check_accept" in wrapped)
    assert (operation.body is not BodyRule.NONE) == ("require_content" in wrapped)
