"""Aggregates: the groups that a resource provider belongs to."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

ALL = "/resource_providers/{uuid}/aggregates"


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:resource_providers:aggregates:list",
            "List the aggregates of a resource provider.",
            f"GET {ALL}",
        ),
        declare(
            "placement:resource_providers:aggregates:update",
            "Replace the aggregates of a resource provider.",
            f"PUT {ALL}",
        ),
    ]
