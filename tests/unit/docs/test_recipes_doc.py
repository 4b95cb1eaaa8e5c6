"""The policy, the tests and the outputs in docs/recipes.md are real ones."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from docs_from_code import ROOT
from harness.session import blocks
from policy_proxy.cli import main

BLOCKS = list(blocks((ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")))
CONSOLE = [(more, block) for language, more, block in BLOCKS if language == "console"]


@pytest.mark.parametrize(("more", "block"), CONSOLE, ids=range(len(CONSOLE)))
def test_the_outputs_are_real(more, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for language, _, text in BLOCKS:
        if language == "yaml":
            name = re.match("# (.+)", text)[1]
            (tmp_path / name).write_text(text, encoding="utf-8")
    command, _, expected = block.partition("\n")
    prompt, name, *arguments = shlex.split(command)

    result = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(main, arguments)

    assert (prompt, name) == ("$", "policy-proxy")
    assert result.output.strip() == expected.strip()
    assert result.exit_code == (more == "exit=1")
