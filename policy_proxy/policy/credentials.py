"""How an identity looks to a check string.

The names are those of oslo.context's `RequestContext.to_policy_values()`, and `system`, which
oslo.policy adds (`Enforcer.enforce`):
https://docs.openstack.org/oslo.context/latest/reference/index.html
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from policy_proxy.model import Identity

TEXTS = (
    "user_id",
    "user_domain_id",
    "system_scope",
    "domain_id",
    "project_id",
    "project_domain_id",
    "service_user_id",
    "service_user_domain_id",
    "service_project_id",
    "service_project_domain_id",
)
LISTS = ("roles", "service_roles")
_texts = attrgetter(*TEXTS)


def credentials(identity: Identity) -> dict[str, Any]:
    """What check strings may name on their left side.

    What is absent is left out, so that it matches nothing: oslo.policy finds None equal to None,
    and to the text "None".
    """
    creds: dict[str, Any] = {
        name: value for name, value in zip(TEXTS, _texts(identity), strict=True) if value
    }
    if identity.system_scope:
        creds["system"] = identity.system_scope
    creds["roles"] = [*identity.roles]
    creds["service_roles"] = [*identity.service_roles]
    creds["is_admin_project"] = identity.is_admin_project
    return creds
