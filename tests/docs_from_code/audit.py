"""The schema of the audit record, as it comes with the package."""

from __future__ import annotations

from importlib import resources

from policy_proxy.audit.record import VERSION

_FILE = f"record-{VERSION}.schema.json"
NAME = f"audit-{_FILE}"
OLD_NAME = "audit-record-2.schema.json"


def schema(name: str = NAME) -> str:
    """docs/audit-record-VERSION.schema.json.

    :param name: of the document.
    """
    file = name.removeprefix("audit-")
    return (resources.files("policy_proxy.audit") / file).read_text(encoding="utf-8")


def old_schema() -> str:
    """The same of the version before."""
    return schema(OLD_NAME)
