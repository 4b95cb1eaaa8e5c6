"""The outputs in the guides to commands are those of the commands, in order, on the files shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess

import pytest

from docs_from_code import ROOT
from harness.command import invoked

GUIDES = ["diff", "fmt", "matrix"]


def document(guide):
    return (ROOT / "docs" / f"{guide}.md").read_text(encoding="utf-8")


def blocks(guide, language):
    return re.findall(rf"^```{language}\n(.+?)\n```$", document(guide), re.MULTILINE | re.DOTALL)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A work tree of git, which is the current directory."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)

    def git(*arguments):
        names = ("-c", "user.name=n", "-c", "user.email=e@example")
        subprocess.run(["git", *names, *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    return git


@pytest.mark.parametrize("guide", GUIDES)
def test_the_outputs_are_real(guide, repository, tmp_path):
    """Files are named in their first line. Once they are written, they are committed."""
    for block in blocks(guide, "yaml"):
        name = block.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(f"{block}\n", encoding="utf-8")
    repository("add", "--all")
    repository("commit", "--quiet", "--message", "as in the guide")
    for block in blocks(guide, "console"):
        command, _, expected = block.partition("\n")
        prompt, *words = shlex.split(command)
        output, exit_code = run(*words)
        assert prompt == "$"
        assert output == (f"{expected}\n" if expected else "")
        assert exit_code == bool({"--fail-on", "--check"} & {*words})


def run(name, *arguments):
    if name == "policy-proxy":
        result = invoked(*arguments)
        return result.output, result.exit_code
    done = subprocess.run([name, *arguments], check=False, capture_output=True, text=True)
    return done.stdout, done.returncode
