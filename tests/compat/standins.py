"""Stand-ins for checks that services register in their own code.

The real ones need the whole service, or its database. These look at what they are given, as those
do; oslo.policy and the proxy are given the same ones, so they compare how such checks are called.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from oslo_policy import _checks, policy  # where the checks of a service are registered

from compat.services import BESIDE


class IsAdmin(policy.Check):
    """`is_admin:True`, as in nova: a KeyError without that attribute."""

    def __call__(self, target: Any, creds: Any, enforcer: Any) -> bool:
        return creds["is_admin"] == (self.match.lower() == "true")


class Owner(policy.Check):
    """`project_id:%(...)s`, as in neutron, which looks up what the target does not say."""

    def __call__(self, target: Any, creds: Any, enforcer: Any) -> bool:
        names = re.findall(r"%\((.*?)\)s", self.match)
        if not all(name in target for name in names):
            raise RuntimeError(f"{self.match} would be looked up")
        return self.kind in creds and self.match % target == str(creds[self.kind])


class Field(policy.Check):
    """`field:RESOURCE:FIELD=VALUE`, as in neutron; `~` begins a regular expression."""

    def __call__(self, target: Any, creds: Any, enforcer: Any) -> bool:
        name, _, wanted = self.match.partition(":")[2].rpartition("=")
        value = target.get(name)
        if value is None:
            return False
        if wanted.startswith("~"):
            return bool(re.match(wanted[1:], str(value)))
        return str(value) == wanted


STAND_INS = {
    **{name: {"is_admin": IsAdmin} for name in ("nova", "octavia", "masakari", "monasca_api")},
    **{
        name: {"field": Field, "project_id": Owner, "tenant_id": Owner}
        for name in ("neutron", *BESIDE)
    },
    "tacker": {"field": Field, "tenant_id": Owner},
}
"""By the service and the kind that it registers."""


@contextlib.contextmanager
def registered(service: str) -> Iterator[None]:
    """Within it, check strings are parsed as in that service."""
    before = dict(_checks.registered_checks)
    _checks.registered_checks.update(STAND_INS.get(service, {}))
    try:
        yield
    finally:
        _checks.registered_checks.clear()
        _checks.registered_checks.update(before)
