"""The outputs in docs/explain.md are those of the commands."""

from __future__ import annotations

import re
import shlex

import pytest

from docs_from_code import ROOT
from harness.command import invoked

DOCUMENT = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.+?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0])
def test_the_outputs_are_real(block, tmp_path, monkeypatch):
    (tmp_path / "policy.yaml").write_text(blocks("yaml")[0] + "\n")
    (tmp_path / "audit.jsonl").write_text(blocks("json")[0] + "\n")
    monkeypatch.chdir(tmp_path)
    command, _, expected = block.partition("\n")
    prompt, name, *arguments = shlex.split(command)

    result = invoked(*arguments)

    assert (prompt, name) == ("$", "policy-proxy")
    assert result.output == f"{expected}\n"
    assert result.exit_code == (1 if expected.startswith("Denied.") else 0)
