"""The example of a pipeline in etc/ci, on a repository of policy files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs_from_code import ROOT, day

CI = ROOT / "etc" / "ci"
NAME = "read-only-monitoring"
LIST = '"placement:traits:list"'


@pytest.fixture
def repository(tmp_path):
    """A repository on its main branch, with a policy, its tests, and the logs of some days."""
    shutil.copy(CI / "check-policy.sh", tmp_path)
    shutil.copy(ROOT / "policies" / f"{NAME}.yaml", tmp_path / "policy.yaml")
    cases = (ROOT / "policies" / "tests" / f"{NAME}.policy-test.yaml").read_text()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "policy.policy-test.yaml").write_text(cases)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "audit.jsonl").write_text(day.log())
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "policy")
    return tmp_path


def git(folder, *arguments):
    who = ["-c", "user.name=o", "-c", "user.email=o@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def checked(folder, *arguments, **variables):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100", **variables}
    environ.pop("GITHUB_ACTIONS", None) if "GITHUB_ACTIONS" not in variables else None
    return subprocess.run(
        ["./check-policy.sh", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def changed(folder, old, new):
    policy = folder / "policy.yaml"
    text = policy.read_text()
    assert old in text
    policy.write_text(text.replace(old, new))


def test_a_policy_that_did_not_change_passes(repository):
    done = checked(repository, "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repository / "policy-tests.xml").exists()
    for title in ("mistakes", "form", "tests", "what changes, and for whom"):
        assert f"== {title}\n" in done.stdout


def test_a_change_that_takes_something_away_fails_and_every_step_is_shown(repository):
    changed(repository, f'{LIST}: "rule:reads"', f'{LIST}: "rule:monitoring_api"')
    done = checked(repository, "main")
    assert done.returncode == 1
    assert "placement:traits:list" in done.stdout.split("== who would have been refused")[1]
    assert "lost" in done.stdout


def test_a_mistake_is_shown_at_its_line_on_github(repository):
    changed(repository, f'{LIST}: "rule:reads"', f'{LIST}: "rule:nothing"')
    done = checked(repository, "main", GITHUB_ACTIONS="true")
    assert done.returncode == 1
    assert "::error file=policy.yaml,line=" in done.stdout


def test_without_logs_nothing_is_replayed(repository):
    shutil.rmtree(repository / "logs")
    done = checked(repository, "main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refused" not in done.stdout


def test_it_says_how_it_is_used(repository):
    done = checked(repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "BASE" in done.stderr


@pytest.mark.parametrize("name", ["github-policy.yml", "gitlab-policy.yml"])
def test_the_pipelines_run_the_script_that_is_tested_here(name):
    text = (CI / name).read_text()
    assert yaml.safe_load(text)
    assert "./check-policy.sh " in text
