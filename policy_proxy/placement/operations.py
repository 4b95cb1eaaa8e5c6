"""The operations of the service, made from the operations that its rules declare.

The rules say which routes there are and who decides them. Added here is what a rule cannot say:
which operations take a body, which look at `Accept`, and which are open to everyone. Source: the
handlers of openstack-placement (`placement/handlers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from oslo_policy.policy import RuleDefault

from policy_proxy.errors import ConfigurationError
from policy_proxy.model import BodyRule, Operation
from policy_proxy.placement.rules import list_rules

NAMESPACE = "placement:"

# Version discovery, with and without the slash: a service that is mounted under a prefix gets both.
PUBLIC = (
    Operation(rule="", method="GET", template="/", public=True, negotiates=False),
    Operation(rule="", method="GET", template="", public=True, negotiates=False),
)

# Every other POST and PUT needs a body, and no other operation takes one.
UNUSUAL_BODIES = {
    ("PUT", "/traits/{name}"): BodyRule.NONE,
    ("PUT", "/resource_classes/{name}"): BodyRule.OPTIONAL,  # 1.7 and later look at the path only
}

# The owner that an allocation is written for stands in its body; see targets.py.
BODY_ATTRIBUTES = {
    ("PUT", "/allocations/{consumer_uuid}"): frozenset({"project_id", "user_id"}),
    ("POST", "/allocations"): frozenset({"project_id", "user_id"}),
}

# Every other GET looks at `Accept`. Writes never do.
ANSWERS_WITHOUT_CONTENT = {("GET", "/traits/{name}")}


def build(rules: Iterable[RuleDefault]) -> tuple[Operation, ...]:
    """The public operations, then those of `rules`, in their order.

    :raises ConfigurationError: if two rules claim one route, or a rule of the service's namespace
        has none.
    """
    found = {_route(operation): operation for operation in PUBLIC}
    problems = []
    for rule in rules:
        routes = getattr(rule, "operations", [])
        if rule.name.startswith(NAMESPACE) and not routes:
            problems.append(f"rule {rule.name} has no operation: name the route that it decides")
        for route in routes:
            operation = _operation(rule.name, route["method"], route["path"])
            other = found.setdefault(_route(operation), operation)
            if other is not operation:
                problems.append(
                    f"{operation.method} {operation.template} is claimed by rule {rule.name} and "
                    f"by {other.rule or 'version discovery'}: leave it to one of them"
                )
    if problems:
        raise ConfigurationError(problems)
    return tuple(found.values())


def _route(operation: Operation) -> tuple[str, str]:
    """What a router tells apart: the names of the parameters do not matter."""
    return operation.method, re.sub(r"{\w+}", "{}", operation.template)


def _operation(rule: str, method: str, template: str) -> Operation:
    needs_body = BodyRule.REQUIRED if method in ("POST", "PUT") else BodyRule.NONE
    return Operation(
        rule=rule,
        method=method,
        template=template,
        body=UNUSUAL_BODIES.get((method, template), needs_body),
        negotiates=method == "GET" and (method, template) not in ANSWERS_WITHOUT_CONTENT,
        body_attributes=BODY_ATTRIBUTES.get((method, template), frozenset()),
    )


OPERATIONS = build(list_rules())
