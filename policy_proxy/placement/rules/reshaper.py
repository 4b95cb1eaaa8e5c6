"""The reshaper: moves inventories and the allocations against them, all at once."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import SERVICE, declare


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:reshaper:reshape",
            "Replace inventories of resource providers and allocations of consumers at once.",
            "POST /reshaper",
            check_str=SERVICE,
        ),
    ]
