"""The outputs in docs/audit.md are those of the commands, in order."""

from __future__ import annotations

import re
import subprocess

from docs_from_code import ROOT
from harness.audit_example import written
from harness.command import invoked
from harness.session import Likeness, blocks, commands
from policy_proxy.audit.record import MARKS

DOCUMENT = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


def run(line):
    name, *words = line.split()
    if name != "policy-proxy":
        done = subprocess.run(line, shell=True, check=False, capture_output=True, text=True)
        return done.stdout, done.returncode
    result = invoked(*words)
    return result.output, result.exit_code


def test_the_outputs_are_real(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    likeness, ran = Likeness(), 0
    for language, _, block in blocks(DOCUMENT):
        for command, shown in commands(block if language == "console" else ""):
            if not command.startswith("jq "):
                said, exit_code = run(command)
                assert likeness.fits(shown, said), (command, said)
                assert exit_code == ("findings: 2" in shown)
                ran += 1
    assert ran == 6


def test_every_other_line_is_documented():
    section = DOCUMENT.partition("## Other lines")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
        "intent",
        "lost",
        *TOLD,
    ]


TOLD = [event for event in MARKS if event != "lost"]
