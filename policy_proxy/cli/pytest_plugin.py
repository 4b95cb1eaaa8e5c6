"""pytest collects the cases of policy tests too (entry point `pytest11`).

Every file whose name ends in .policy-test.yaml is collected, each case as a test.
https://docs.pytest.org/en/stable/example/nonpython.html
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

_ENDING = ".policy-test.yaml"
"""As in `policy.cases.case`. What else there is to import is not for runs without such files."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not file_path.name.endswith(_ENDING):
        return None
    collected = import_module("policy_proxy.cli.policy.cases.collected")
    found: pytest.Collector = collected.CollectedFile.from_parent(parent, path=file_path)
    return found
