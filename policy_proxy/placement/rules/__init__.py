"""Every rule, a noun a file. Their operations are the route table; there is no other.

Rule names, default check strings, scope types and deprecated rules are Placement's own; a test
compares them with the installed openstack-placement.
"""

from __future__ import annotations

from oslo_policy.policy import RuleDefault

from policy_proxy.placement.rules import (
    aggregate,
    allocation,
    allocation_candidate,
    base,
    inventory,
    reshaper,
    resource_class,
    resource_provider,
    trait,
    usage,
)

NOUNS = (
    base,
    resource_provider,
    resource_class,
    inventory,
    aggregate,
    usage,
    trait,
    allocation,
    allocation_candidate,
    reshaper,
)


def list_rules() -> list[RuleDefault]:
    """All rules, made anew: oslo.policy changes the ones it is given (`oslo.policy.policies`)."""
    return [rule for noun in NOUNS for rule in noun.list_rules()]
