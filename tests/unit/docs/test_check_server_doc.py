"""Every finding of `check --server` is explained, with an example that has it."""

from __future__ import annotations

import re

import pytest

from docs_from_code import ROOT
from policy_proxy.cli.servers.every import SERVERS

REFERENCE = (ROOT / "docs" / "check-server.md").read_text(encoding="utf-8")
RULES = {code: rule for server in SERVERS.values() for code, rule in server.rules.items()}


def test_every_server_has_its_section():
    named = set(re.findall(r"^`--server` (.+?):", REFERENCE, re.MULTILINE))

    assert {name for words in named for name in re.findall(r"`([\w-]+)`", words)} == SERVERS.keys()


def test_every_finding_has_its_section_and_no_other_has():
    assert set(re.findall(r"^### (\S+)$", REFERENCE, re.MULTILINE)) == RULES.keys()


@pytest.mark.parametrize("code", RULES)
def test_a_section_says_what_breaks_what_to_do_and_what_is_said(code):
    section = re.search(rf"^### {code}$(.+?)(?=^##|\Z)", REFERENCE, re.MULTILINE | re.DOTALL)[1]
    flowing = " ".join(section.split())

    assert RULES[code].breaks[1:] in flowing
    assert RULES[code].remedy in flowing
    said = re.findall(r"^```text\n(.+?)\n```$", section, re.MULTILINE | re.DOTALL)[-1]
    assert all(line.endswith(f" [{code}]") for line in said.splitlines())
