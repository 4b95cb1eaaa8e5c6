"""`python -m compat`, with the services that the tests have installed: it runs, and would tell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat.compare import compare
from compat.services import Dumped
from policy_proxy.policy.nodes import HasRole

TESTS = Path(__file__).parents[1]


def test_it_compares_the_services_that_are_here(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "compat", "--here", "--askers", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    table = [line.strip("| ").split(" | ") for line in finished.stdout.splitlines()]
    rows = {row[0]: row for row in table if len(row) == 8}
    assert {"keystone", "placement"} <= rows.keys()
    for service in ("keystone", "placement"):
        _, _, rules, decisions, _, different, *_ = rows[service]
        assert int(decisions.replace(",", "")) == 4 * int(rules)
        assert different == "0"


RULE = {"scope_types": None, "deprecated_rule": None}
SERVICE = Dumped(
    "some",
    "some",
    "1",
    (
        {**RULE, "name": "one", "check_str": "role:reader and project_id:%(project_id)s"},
        {**RULE, "name": "two", "check_str": "not is_admin:True or token.domain.id:%(d)s"},
        {**RULE, "name": "three", "check_str": "project_id:%(project_id)s"},
    ),
    "",
)


def test_our_engine_passes_and_absence_is_counted_apart(tmp_path):
    outcome = compare(SERVICE, [SERVICE], 100, tmp_path)

    assert (outcome.decisions, outcome.differences, outcome.fault) == (600, [], "")
    assert 100 < outcome.allowed < 500
    assert outcome.absence > 0
    assert outcome.findings["PP116"] == 2


def test_an_engine_that_is_wrong_is_found_out(tmp_path, monkeypatch):
    def in_this_case_only(self, creds, target, asked=None):
        return self.name.form in creds["roles"]

    monkeypatch.setattr(HasRole, "holds", in_this_case_only)

    outcome = compare(SERVICE, [SERVICE], 100, tmp_path)

    assert outcome.differences
    assert all(difference.startswith("one: False, not True") for difference in outcome.differences)


@pytest.mark.parametrize("check", ["role:%s", "1+:x"])
def test_rules_that_cannot_be_compiled_are_told(tmp_path, check):
    rule = {**RULE, "name": "one", "check_str": check}
    service = Dumped("some", "some", "1", (rule,), "")

    assert compare(service, [service], 1, tmp_path).fault


def test_the_page_says_what_its_table_adds_up_to():
    page = (TESTS.parent / "docs" / "compatibility.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    *services, total = [row[2:] for row in rows[2:] if len(row) == 8]
    columns = zip(*[[int(cell.replace(",", "")) for cell in row] for row in services], strict=True)

    assert [f"{sum(column):,}" for column in columns] == total
    assert total[3] == "0"
