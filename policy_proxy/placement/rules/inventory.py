"""Inventories: how much of each resource class a resource provider has."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

ALL = "/resource_providers/{uuid}/inventories"
ONE = "/resource_providers/{uuid}/inventories/{resource_class}"


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:resource_providers:inventories:list",
            "List the inventories of a resource provider.",
            f"GET {ALL}",
        ),
        declare(
            "placement:resource_providers:inventories:create",
            "Add an inventory to a resource provider.",
            f"POST {ALL}",
        ),
        declare(
            "placement:resource_providers:inventories:show",
            "Show one inventory of a resource provider.",
            f"GET {ONE}",
        ),
        declare(
            "placement:resource_providers:inventories:update",
            "Replace all inventories of a resource provider, or one of them.",
            f"PUT {ALL}",
            f"PUT {ONE}",
        ),
        declare(
            "placement:resource_providers:inventories:delete",
            "Delete all inventories of a resource provider, or one of them.",
            f"DELETE {ALL}",
            f"DELETE {ONE}",
        ),
    ]
