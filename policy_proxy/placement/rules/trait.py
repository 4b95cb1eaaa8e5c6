"""Traits: what is true of a resource provider, and the names for it."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

LIST = "/traits"
ONE = "/traits/{name}"
OF_PROVIDER = "/resource_providers/{uuid}/traits"


def list_rules() -> list[RuleDefault]:
    return [
        declare("placement:traits:list", "List traits.", f"GET {LIST}"),
        declare("placement:traits:show", "Tell whether a trait exists.", f"GET {ONE}"),
        declare("placement:traits:update", "Create a trait.", f"PUT {ONE}"),
        declare("placement:traits:delete", "Delete a trait.", f"DELETE {ONE}"),
        declare(
            "placement:resource_providers:traits:list",
            "List the traits of a resource provider.",
            f"GET {OF_PROVIDER}",
        ),
        declare(
            "placement:resource_providers:traits:update",
            "Replace the traits of a resource provider.",
            f"PUT {OF_PROVIDER}",
        ),
        declare(
            "placement:resource_providers:traits:delete",
            "Take all traits from a resource provider.",
            f"DELETE {OF_PROVIDER}",
        ),
    ]
