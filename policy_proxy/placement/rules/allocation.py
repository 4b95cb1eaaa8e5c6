"""Allocations: what a consumer holds of the inventory of resource providers."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

MANY = "/allocations"
ONE = "/allocations/{consumer_uuid}"


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:allocations:manage",
            "Write or delete the allocations of any number of consumers at once.",
            f"POST {MANY}",
        ),
        declare("placement:allocations:list", "List the allocations of a consumer.", f"GET {ONE}"),
        declare(
            "placement:allocations:update", "Replace the allocations of a consumer.", f"PUT {ONE}"
        ),
        declare(
            "placement:allocations:delete", "Delete the allocations of a consumer.", f"DELETE {ONE}"
        ),
        declare(
            "placement:resource_providers:allocations:list",
            "List the allocations of all projects at a resource provider.",
            "GET /resource_providers/{uuid}/allocations",
        ),
    ]
