"""Resource classes: the kinds of things that are counted."""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules.base import declare

LIST = "/resource_classes"
ONE = "/resource_classes/{name}"


def list_rules() -> list[RuleDefault]:
    return [
        declare("placement:resource_classes:list", "List resource classes.", f"GET {LIST}"),
        declare("placement:resource_classes:create", "Create a resource class.", f"POST {LIST}"),
        declare("placement:resource_classes:show", "Show a resource class.", f"GET {ONE}"),
        declare(
            "placement:resource_classes:update",
            "Create a resource class under a given name, or rename it (before 1.7).",
            f"PUT {ONE}",
        ),
        declare("placement:resource_classes:delete", "Delete a resource class.", f"DELETE {ONE}"),
    ]
