"""Placement, as the values that the layers take: all that they may know of it."""

from __future__ import annotations

from policy_proxy.model import Service
from policy_proxy.placement.body import check_body
from policy_proxy.placement.contract import public_error
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import check_params
from policy_proxy.placement.query import check_query
from policy_proxy.placement.rules import list_rules
from policy_proxy.placement.targets import supplied, target

SERVICE = Service(
    type="placement",
    default_code="placement.undefined_code",
    operations=OPERATIONS,
    defaults=list_rules,
    check_params=check_params,
    check_query=check_query,
    check_body=check_body,
    target=target,
    public_error=public_error,
    attributes=supplied(),
)
