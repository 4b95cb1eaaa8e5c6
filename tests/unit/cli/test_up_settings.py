"""`policy-proxy up --set`: options of the proxy for one start."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from policy_proxy.cli import main
from policy_proxy.cli.up import settings_of


def test_assignments_are_sorted_by_section() -> None:
    given = ["backend.credentials=service", "limits.max=1", "backend.url=http://h/?a=b.c"]
    assert settings_of(given) == {
        "backend": {"credentials": "service", "url": "http://h/?a=b.c"},
        "limits": {"max": "1"},
    }


def test_an_empty_value_is_one() -> None:
    assert settings_of(["audit.file="]) == {"audit": {"file": ""}}


@pytest.mark.parametrize("wrong", ["credentials=service", "backend.credentials", ".a=b", "a.=b"])
def test_what_is_no_assignment_is_wrong_usage(wrong: str) -> None:
    result = CliRunner().invoke(main, ["up", "--set", wrong])
    assert result.exit_code == 2
    assert f"--set takes SECTION.OPTION=VALUE, not {wrong}" in result.output
