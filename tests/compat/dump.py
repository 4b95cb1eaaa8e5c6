"""The default rules of every service in this environment, as JSON on standard output.

Runs in the environment of the services, so it imports nothing but the standard library and them.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "oslo.policy.policies"


def main() -> None:
    found = [dumped(entry) for entry in entry_points(group=GROUP) if entry.dist]
    out, sys.stdout = sys.stdout, sys.stderr  # some services talk when they are imported
    json.dump(found, out)


def dumped(entry: EntryPoint) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    error = ""
    try:
        rules = [plain(rule) for rule in entry.load()()]
    except Exception as failure:  # noqa: BLE001  that it fails, however it does, is recorded
        error = repr(failure)
    return {
        "service": entry.name,
        "distribution": entry.dist.name,
        "version": entry.dist.version,
        "rules": rules,
        "error": error,
    }


def plain(rule: Any) -> dict[str, Any]:
    old = rule.deprecated_rule
    return {
        "name": rule.name,
        "check_str": rule.check_str,
        "scope_types": rule.scope_types,
        "deprecated_rule": old and {"name": old.name, "check_str": old.check_str},
    }


if __name__ == "__main__":
    main()
