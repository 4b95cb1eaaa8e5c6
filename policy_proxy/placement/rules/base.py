"""What the other rules are made of: who may, in the terms of roles, and how a rule is declared.

Names and check strings are Placement's own, so that a `policy.yaml` written for Placement works
here unchanged. Source: `placement/policies` of openstack-placement, whose reference is
https://docs.openstack.org/placement/latest/configuration/policy.html
"""

from __future__ import annotations

from oslo_policy.policy import DeprecatedRule, DocumentedRuleDefault, RuleDefault

ADMIN_OR_SERVICE = "rule:admin_or_service_api"
ADMIN_OR_PROJECT_READER_OR_SERVICE = "rule:admin_or_project_reader_or_service_api"
SERVICE = "rule:service_api"


def declare(
    name: str, description: str, *routes: str, check_str: str = ADMIN_OR_SERVICE
) -> DocumentedRuleDefault:
    """A rule with its default, and the routes that it decides, each as `"METHOD /path"`."""
    return DocumentedRuleDefault(
        name=name,
        check_str=check_str,
        description=description,
        operations=[
            {"method": method, "path": path}
            for method, path in (route.split(" ", 1) for route in routes)
        ],
        scope_types=["project"],
    )


def list_rules() -> list[RuleDefault]:
    return [
        RuleDefault(
            "admin_api",
            "role:admin",
            description="An administrator.",
            scope_types=["project"],
        ),
        RuleDefault(
            "service_api",
            "role:service",
            description="Another service of the cloud, such as nova.",
            scope_types=["project"],
            deprecated_rule=_admin_only(),
        ),
        RuleDefault(
            "admin_or_service_api",
            "role:admin or role:service",
            description="An administrator or another service: the default of most operations.",
            scope_types=["project"],
            deprecated_rule=_admin_only(),
        ),
        RuleDefault(
            "project_reader_api",
            "role:reader and project_id:%(project_id)s",
            description="A reader of the project that is asked about.",
            deprecated_rule=_admin_only(),
        ),
        RuleDefault(
            "admin_or_project_reader_or_service_api",
            "role:admin or rule:project_reader_api or role:service",
            description="An administrator, a reader of the project that is asked about, or "
            "another service.",
            scope_types=["project"],
            deprecated_rule=_admin_only(),
        ),
    ]


def _admin_only() -> DeprecatedRule:
    """What Placement asked for before it knew the roles reader and service."""
    return DeprecatedRule(
        name="rule:admin_api",
        check_str="role:admin",
        deprecated_reason="The role admin alone was the default before the roles reader and "
        "service were told apart.",
        deprecated_since="W",
    )
