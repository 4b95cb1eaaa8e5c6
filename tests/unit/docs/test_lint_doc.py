"""The outputs in docs/lint.md are those of the command, and every code is explained."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from docs_from_code import ROOT
from harness.command import invoked
from policy_proxy.cli.policy.lint import lint
from policy_proxy.policy.lint.codes import CODES

DOCUMENT = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "lint-codes.md").read_text(encoding="utf-8")

CONSOLE = re.findall(r"^```console\n(.+?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL)
FILES = dict(
    re.findall(
        r"^(?:With this policy in )?`([\w./-]+)`:\n\n```yaml\n(.+?)^```$",
        DOCUMENT,
        re.MULTILINE | re.DOTALL,
    )
)
WORKFLOWS = [
    yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(on: .+?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
]


@pytest.fixture
def as_shown(tmp_path, monkeypatch):
    """The files of the document, in the current directory."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("as_shown")
@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.splitlines()[0])
def test_the_outputs_are_real(block):
    command, _, expected = block.partition("\n")
    prompt, name, *arguments = shlex.split(command)

    result = invoked(*arguments)

    assert (prompt, name) == ("$", "policy-proxy")
    assert result.output == f"{expected}\n"
    assert result.exit_code == bool(
        re.search(r"[1-9] errors?,|::error|\"errors\": [1-9]", expected)
    )


def test_every_form_is_shown():
    shown = " ".join(block.splitlines()[0] for block in CONSOLE)
    steps = " ".join(run for workflow in WORKFLOWS for run in runs(workflow))
    (option,) = [param for param in lint.params if param.name == "form"]

    assert [form for form in option.type.choices if f"--format {form}" not in shown + steps] == [
        "table"
    ]


def runs(workflow):
    return [step["run"] for step in workflow["jobs"]["policy"]["steps"] if "run" in step]


@pytest.mark.usefixtures("as_shown")
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_the_workflows_run_is_the_command(workflow):
    (command,) = [run for run in runs(workflow) if run.startswith("policy-proxy ")]
    typed, _, written = command.partition(" > ")
    _, *arguments = shlex.split(typed)

    result = invoked(*arguments)

    assert result.exit_code == 1
    assert result.output.startswith("{" if written else "::error file=policy.yaml,line=3,")
    options = [step.get("with", {}) for step in workflow["jobs"]["policy"]["steps"]]
    assert [some["sarif_file"] for some in options if "sarif_file" in some] == (
        [written] if written else []
    )


def test_every_code_has_its_section():
    headings = re.findall(r"^### (\w+)$", REFERENCE, re.MULTILINE)

    assert headings == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_section_has_explanation_remedy_and_an_example_with_its_finding(code):
    section = re.search(rf"^### {code}$(.+?)(?=^##|\Z)", REFERENCE, re.MULTILINE | re.DOTALL)[1]
    flowing = " ".join(section.split())

    assert CODES[code].explanation in flowing
    assert CODES[code].remedy in flowing
    assert all(text.rstrip() in section for text in CODES[code].example.values())
    said = re.search(r"^```text\n(.+?)\n```$", section, re.MULTILINE | re.DOTALL)[1]
    assert all(line.endswith(f" [{code}]") for line in said.splitlines())


def test_the_guide_names_no_code_that_there_is_not():
    assert {*re.findall(r"\bPP\d{3}\b", DOCUMENT)} <= CODES.keys()
