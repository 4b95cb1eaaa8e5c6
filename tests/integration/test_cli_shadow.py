"""`policy shadow report` as it is typed, on a log of the docs' own."""

from __future__ import annotations

import json

import pytest

from docs_from_code import day
from harness.command import invoked


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text(day.tried())
    return path


def run(*arguments):
    return invoked("policy", "shadow", "report", *arguments)


def test_the_answer_as_a_document(log):
    result = run("--log", log, "--format", "json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["records"], found["decided"], found["gained"], found["lost"]) == (17, 17, 3, 1)
    assert found["candidates"] == {day.CANDIDATE_REVISION: 4}
    lost = next(group for group in found["groups"] if group["change"] == "lost")
    assert lost["rule"] == "placement:resource_providers:inventories:update"
    assert lost["examples"][0]["user_id"] == "neutron"
    assert found["undecided"] == []


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("--fail-on", "gain"), 1),
        (("--fail-on", "loss"), 1),
        (("--fail-on", "any"), 1),
        (("--fail-on", "any", "--revision", "another"), 0),
        ((), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_the_exit_code_says_whether_anything_would_change(log, arguments, exit_code):
    assert run("--log", log, *arguments).exit_code == exit_code


@pytest.mark.parametrize("text", ["", "words of another program\n"], ids=["empty", "foreign"])
def test_a_log_without_decisions_shows_nothing_good(log, text):
    log.write_text(text)
    assert run("--log", log, "--fail-on", "gain").exit_code == 1
    assert run("--log", log).exit_code == 0


def test_a_broken_line_is_told_and_not_taken_for_agreement(log):
    log.write_text(log.read_text() + "{\n")
    result = run("--log", log, "--revision", "another", "--fail-on", "gain")
    assert result.exit_code == 1
    assert f"{log.name}:18" in result.stdout.replace("\n", "")


def test_that_nothing_was_said_is_not_taken_for_agreement(log):
    log.write_text(day.log())
    result = run("--log", log)
    assert "it was not on trial" in " ".join(result.stdout.split())


def test_a_log_that_is_not_there_is_one_sentence(tmp_path):
    result = run("--log", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
