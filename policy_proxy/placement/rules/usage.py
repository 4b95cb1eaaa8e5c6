"""Usages: how much is taken, of a resource provider or by a project."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import ADMIN_OR_PROJECT_READER_OR_SERVICE, declare


def list_rules() -> list[RuleDefault]:
    return [
        declare(
            "placement:resource_providers:usages",
            "Show how much of each of its resource classes is taken at a resource provider.",
            "GET /resource_providers/{uuid}/usages",
        ),
        declare(
            "placement:usages",
            "Show how much a project, or one user of it, has taken.",
            "GET /usages",
            check_str=ADMIN_OR_PROJECT_READER_OR_SERVICE,
        ),
    ]
