"""The policy that `up` writes, as it is and as docs/trying.md has one change it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs_from_code import ROOT
from policy_proxy.cli import main
from policy_proxy.embedded.proxy import POLICY

WRITTEN, APPENDED = re.findall(
    r'^    ("placement:.+": ".+")$', (ROOT / "docs" / "trying.md").read_text(), re.MULTILINE
)


def test_it_has_the_rule_that_the_documentation_shows() -> None:
    assert POLICY.endswith(f"\n{WRITTEN}\n")


@pytest.mark.parametrize(
    "text",
    [
        POLICY,
        POLICY.replace("role:admin or role:service", "role:admin"),
        POLICY + APPENDED + "\n",
    ],
    ids=["as written", "edited", "appended to"],
)
def test_nothing_is_wrong_with_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    found = CliRunner().invoke(main, ["policy", "lint", "--strict", str(path)])
    assert found.exit_code == 0, found.output


def test_it_means_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    compared = ["policy", "diff", "--fail-on", "any", "defaults", str(path)]
    assert CliRunner().invoke(main, compared).exit_code == 0
