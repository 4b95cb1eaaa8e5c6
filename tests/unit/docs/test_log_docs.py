"""The outputs in the guides to commands that read logs are those of the commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs_from_code import ROOT, day
from harness.command import invoked
from harness.session import blocks, commands

GUIDES = ["replay", "shadow", "suggest"]


def run(line):
    """A line as it is typed, with what can stand at the end of one."""
    command, _, out = line.partition(" > ")
    name, *words = re.findall(r"'[^']*'|\S+", command)
    if name != "policy-proxy":
        done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True)
        return done.stdout, done.returncode
    arguments = [word.strip("'") for word in words]
    result = invoked(*arguments)
    if out:
        Path(out).write_text(result.stdout, encoding="utf-8")
    return "" if out else result.output, result.exit_code


@pytest.mark.parametrize("guide", GUIDES)
def test_the_outputs_are_real(guide, tmp_path, monkeypatch):
    """Files are named in their first line, and the log of the examples lies beside them."""
    monkeypatch.chdir(tmp_path)
    log = day.TRIED_NAME if guide == "shadow" else day.NAME
    shutil.copy(ROOT / "docs" / log, "audit.jsonl")

    text = (ROOT / "docs" / f"{guide}.md").read_text(encoding="utf-8")
    for language, _, block in blocks(text):
        if language in ("yaml", "text"):
            name, _, lines = block.partition("\n")
            content = lines if language == "text" else block
            (tmp_path / name.removeprefix("# ")).write_text(content, encoding="utf-8")
        for command, expected in commands(block if language == "console" else ""):
            output, exit_code = run(command)
            assert output == expected, command
            assert exit_code == ("--fail-on loss" in command), command


def test_the_candidate_on_trial_is_the_one_that_is_shown(tmp_path):
    candidate = tmp_path / "candidate.yaml"
    candidate.write_bytes(day.CANDIDATE_POLICY)

    result = invoked("policy", "show", "usages", "--policy", candidate)

    assert result.output.startswith(f"Revision {day.CANDIDATE_REVISION}\n")
    shown = (ROOT / "docs" / "shadow.md").read_text(encoding="utf-8")
    assert f"```yaml\n{day.CANDIDATE_POLICY.decode()}```" in shown
