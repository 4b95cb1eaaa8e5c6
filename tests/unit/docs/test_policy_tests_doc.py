"""The outputs in docs/policy-tests.md are those of the commands, and it names every key."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from docs_from_code import ROOT
from harness.command import invoked
from policy_proxy.policy.cases.schema import text

DOCUMENT = (ROOT / "docs" / "policy-tests.md").read_text(encoding="utf-8")
SCHEMA = json.loads(text())


def blocks(language):
    return re.findall(rf"^```{language}\n(.+?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _site(tmp_path, monkeypatch):
    """The files, each by the name in its first line. The bad one comes when it is asked for."""
    monkeypatch.chdir(tmp_path)
    for block in blocks("yaml"):
        name = block.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(f"{block}\n", encoding="utf-8")


@pytest.mark.parametrize("block", blocks("console"), ids=range(len(blocks("console"))))
@pytest.mark.usefixtures("_site")
def test_the_outputs_are_real(block, tmp_path):
    """A line of three dots stands for lines that are left out."""
    command, _, expected = block.partition("\n")
    prompt, name, *arguments = shlex.split(command)
    if "." in arguments:  # as long as there is nothing else
        for other in ("bad", "more"):
            (tmp_path / f"{other}.policy-test.yaml").unlink()

    result = invoked(*arguments)

    assert (prompt, name) == ("$", "policy-proxy")
    shown = "(?s:.+)".join(map(re.escape, f"{expected}\n".split("…\n")))
    assert re.fullmatch(shown, result.output), result.output
    assert result.exit_code == bool({"FAILED", "error:"} & {*expected.split()})


def test_every_key_is_documented():
    keys = {*SCHEMA["properties"]}
    for kind in ("case", "identity", "table"):
        keys |= SCHEMA["$defs"][kind]["properties"].keys()

    assert {key for key in keys if f"`{key}`" not in DOCUMENT} == set()
