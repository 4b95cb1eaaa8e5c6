"""The policy files that are delivered have tests, which show all that they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from policy_proxy.cli import main

POLICIES = Path(__file__).parents[2] / "policies"
NAMES = [path.stem for path in sorted(POLICIES.glob("*.yaml"))]
# A role, a reference, or nobody: what stands in a check string.
CHECK = re.compile(r"(?<=[\" (])(?:role:\w+|rule:\w+|!)(?=[\" )])")


def run(*arguments):
    return CliRunner().invoke(main, ["policy", "test", *map(str, arguments)])


def cases(name):
    return POLICIES / "tests" / f"{name}.policy-test.yaml"


@pytest.mark.parametrize("name", NAMES)
def test_every_case_is_as_expected_and_nothing_is_left_out(name):
    result = run(cases(name), "--fail-under", 100, "--format", "json")

    assert result.exit_code == 0, result.output
    (policy,) = json.loads(result.stdout)["policies"]
    assert policy["policy"].endswith(f"policies/{name}.yaml")
    assert policy["coverage"]["percent"] == 100
    assert policy["failed"] == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name != "placement"])
def test_no_check_can_be_changed_without_a_case_that_fails(name, tmp_path):
    """Each check in the file becomes `not` itself, one after the other."""
    text = (POLICIES / f"{name}.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "changed.yaml"
    survived = []
    rules = [line for line in text.splitlines() if line.startswith('"')]
    for line in rules:
        start = line.index(":", line.index('"', 1)) + 1
        for found in CHECK.finditer(line, start, line.rindex('"') + 1):
            mutant = f"{line[: found.start()]}not {found[0]}{line[found.end() :]}"
            changed.write_text(text.replace(line, mutant), encoding="utf-8")
            result = run(cases(name), "--policy", changed)
            if result.exit_code != 1 or "FAILED" not in result.stdout:
                survived.append(mutant)

    # No operation refers to it as long as the others stand there; see the comment above it.
    assert [mutant for mutant in survived if not mutant.startswith('"service_api"')] == []
