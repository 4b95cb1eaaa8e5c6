"""Resource providers: what has inventory to give."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

LIST = "/resource_providers"
ONE = "/resource_providers/{uuid}"


def list_rules() -> list[RuleDefault]:
    """Delete stands before update as in Placement's route table, whose order `Allow` shows."""
    return [
        declare("placement:resource_providers:list", "List resource providers.", f"GET {LIST}"),
        declare(
            "placement:resource_providers:create", "Create a resource provider.", f"POST {LIST}"
        ),
        declare("placement:resource_providers:show", "Show a resource provider.", f"GET {ONE}"),
        declare(
            "placement:resource_providers:delete", "Delete a resource provider.", f"DELETE {ONE}"
        ),
        declare(
            "placement:resource_providers:update",
            "Rename a resource provider, or give it another parent.",
            f"PUT {ONE}",
        ),
    ]
