"""Whatever tells an operator that something is wrong is in the runbook, with what to do."""

from __future__ import annotations

import ast
import re

import click
import pytest

from docs_from_code import ROOT
from policy_proxy import errors
from policy_proxy.cli import main
from policy_proxy.telemetry import health

PACKAGE = ROOT / "policy_proxy"
RUNBOOK = " ".join((ROOT / "docs" / "runbook.md").read_text(encoding="utf-8").split())
ALARMS = re.split(
    r"^### ", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)[1:]
NOT_THE_SERVICE = ("cli", "embedded")
"""Folders of commands, whose user reads what they say: all but `serve`."""
LOUD = {"critical", "error", "exception", "warning"}
FAILURES = {kind.__name__ for kind in errors.Failed.__subclasses__()}
PLACEHOLDER = re.compile(r"%(?:\.\d+)?[sdrg]|\{[^}]*\}")


def constants(tree):
    """The texts that a module, or a function of it, gives names to."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in NOT_THE_SERVICE or path.name == "serve.py"
}
SHARED = {
    name: text
    for tree in TREES.values()
    for name, text in constants(tree).items()
    if not name.startswith("_")
}


def text_of(node, known):
    """The text that an argument stands for, as far as the module tells."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return known.get(getattr(node, "id", getattr(node, "attr", "")), "")


def calls():
    for path, tree in TREES.items():
        known = SHARED | constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                yield path.name, node, known


def logged():
    """What is logged as a warning or worse, in the words that stay the same."""
    for file, call, known in calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in LOUD:
            yield file, text_of(call.args[0], known)


def failures():
    """What clients are told of a failure."""
    for file, call, known in calls():
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in FAILURES:
            yield file, text_of(call.args[0], known)


def is_told(text):
    """Whether the longest piece of it between two placeholders stands in the runbook."""
    pieces = [" ".join(piece.split()).strip(" :,()") for piece in PLACEHOLDER.split(text)]
    longest = max(pieces, key=len)
    return longest in RUNBOOK


def warnings():
    """The texts that the health check may warn with."""
    tree = TREES[PACKAGE / "telemetry" / "health.py"]
    (found,) = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "warnings"
    )
    return [text_of(key, constants(tree)) for key in found.keys]


def test_every_reason_and_warning_of_the_health_check_is_an_alarm():
    headings = {alarm.partition("\n")[0] for alarm in ALARMS}

    assert len(warnings()) >= 4
    told = {*health._WORDS.values(), *warnings()}
    assert {text for text in told if f"`{text}`" not in headings} == set()


def test_every_line_of_the_log_that_warns_is_there():
    said = {(file, text) for file, text in logged() if PLACEHOLDER.sub("", text).strip()}

    assert len(said) >= 15
    assert {one for one in said if not is_told(one[1])} == set()


def test_every_failure_that_clients_are_told_of_is_there():
    told = {(file, text) for file, text in failures() if text}

    assert len(told) >= 8
    assert {one for one in told if not is_told(one[1].rstrip("."))} == set()


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.partition("\n")[0].strip("`"))
def test_an_alarm_says_what_it_means_and_what_to_do(alarm):
    parts = re.findall(r"^- \*\*(\w+)\*\*: \S", alarm, re.MULTILINE)

    assert parts == ["Means", "Confirm", "Do", "Over"]


def commands():
    """Every command of ours that the pages for operators name, in words."""
    for page in ("hardening", "runbook"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        yield from re.findall(r"(?:`|^\$ |-- )(policy-proxy [^`|<>&\n]+)", text, re.MULTILINE)


@pytest.mark.parametrize("words", sorted(set(commands())))
def test_a_command_that_is_named_is_one(words):
    command, options = main, words.split()[1:]
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), options.pop(0))
        assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert {option for option in options if option.startswith("-")} - {*known, "-n"} == set()
