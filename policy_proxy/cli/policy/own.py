"""Attributes of a target that are the caller's own wherever a rule is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.model import Identity, Operation, Request
from policy_proxy.placement.parameters import parameters_of
from policy_proxy.placement.service import SERVICE


def own() -> Mapping[str, frozenset[str]]:
    """For the rule of each operation those attributes; of several operations what they share."""
    found: dict[str, frozenset[str]] = {}
    for operation in SERVICE.operations:
        if not operation.public:
            attributes = _own(operation)
            found[operation.rule] = found.get(operation.rule, attributes) & attributes
    return found


def _own(operation: Operation) -> frozenset[str]:
    """Those that change with who asks."""
    params = {parameter.name: "" for parameter in parameters_of(operation)}
    request = Request(operation, operation.method, operation.template, params, (), "")
    one, other = (
        SERVICE.target(request, Identity(project_id=value, user_id=value)) for value in "12"
    )
    return frozenset(name for name in one if one[name] != other.get(name))
