"""Allocation candidates: where a request for resources would fit."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:allocation_candidates:list",
            "List the ways in which a request for resources can be met.",
            "GET /allocation_candidates",
        ),
    ]
