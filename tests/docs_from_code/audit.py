"""The schema of the audit record, as it comes with the package."""

from __future__ import annotations

from importlib import resources

from policy_proxy.audit.record import VERSION

_FILE = f"record-{VERSION}.schema.json"
NAME = f"audit-{_FILE}"


def schema() -> str:
    """docs/audit-record-VERSION.schema.json."""
    return (resources.files("policy_proxy.audit") / _FILE).read_text(encoding="utf-8")
