"""`policy promote`, `rollback` and `log` as they are typed; the proxy is not asked (--no-wait)."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from docs_from_code import ROOT, day
from harness.command import invoked

LIST = "placement:traits:list"
OLD = f'"{LIST}": "role:admin"\n'
NEW = f'"{LIST}": "role:admin or role:reader"\n'


def cases(expected):
    identity = "{roles: [reader], project: p}"
    return f"cases:\n- {{operation: {LIST!r}, identity: {identity}, expect: {expected}}}\n"


class Site:
    """A configuration with its policy, in the current directory."""

    def __init__(self, folder):
        self.folder = folder
        self.policy = folder / "policy.yaml"
        self.conf = folder / "policy-proxy.conf"
        self.policy.write_text(OLD)
        self.write("new.yaml", NEW)
        self.configure()

    def configure(self, more=""):
        self.conf.write_text(f"[oslo_policy]\npolicy_file = {self.policy}\n{more}")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, command, *arguments, yes=True, exit_code=0):
        options = ["--config-file", str(self.conf)]
        if command != "log":
            options += ["--no-wait", *(["--yes"] if yes else [])]
        result = invoked("policy", command, *arguments, *options)
        assert result.exit_code == exit_code, result.output
        return result

    def refused(self, command, *arguments, exit_code=1, **more):
        """What is said on stderr; the policy is as before."""
        before = self.policy.read_bytes()
        result = self.run(command, *arguments, exit_code=exit_code, **more)
        assert self.policy.read_bytes() == before
        return " ".join(result.stderr.split())

    def history(self):
        """From the newest on."""
        return json.loads(self.run("log", "--format", "json").stdout)

    def hidden(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name.startswith("."))


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_USER", raising=False)
    return Site(tmp_path)


def test_a_candidate_takes_the_place_of_the_policy(site):
    site.policy.chmod(0o640)

    result = site.run("promote", "new.yaml")

    assert site.policy.read_text() == NEW
    assert stat.S_IMODE(site.policy.stat().st_mode) == 0o640
    assert "gained role reader" in " ".join(result.stdout.split())
    assert (site.folder / "new.yaml").read_text() == NEW
    assert site.hidden() == [".policy.yaml.history", ".policy.yaml.previous"]


def test_the_history_says_who_did_what_when(site, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "alice")
    site.run("promote", "new.yaml")
    site.run("rollback")

    back, there = site.history()

    assert (there["kind"], back["kind"]) == ("promote", "rollback")
    assert (there["before"], there["after"]) == (back["after"], back["before"])
    assert there["changes"] == {"gained": 1, "lost": 0, "undecided": 0, "unchanged": 32}
    assert back["changes"] == {"gained": 0, "lost": 1, "undecided": 0, "unchanged": 32}
    assert there["host"] == socket.gethostname()
    assert (there["sudo_user"], there["file"], there["workers"]) == ("alice", "policy.yaml", 0)
    assert there["user"] == Path("policy.yaml").owner()
    shown = site.run("log").stdout
    assert shown.index("rollback") < shown.index("promote")
    assert f"{there['user']} for alice on " in shown
    assert "promote" not in site.run("log", "--last", "1").stdout


def test_no_history_is_none(site):
    assert site.run("log").stdout == "Nothing was promoted yet.\n"
    assert site.history() == []


def test_a_history_that_was_tampered_with_is_shown_as_far_as_it_goes(site):
    site.run("promote", "new.yaml")
    with Path(".policy.yaml.history").open("a") as history:
        history.write("{}\n")

    result = site.run("log", exit_code=1)

    assert "promote" in result.stdout
    assert "1 of its lines" in result.stderr


def test_a_rollback_goes_back_and_a_second_one_there_again(site):
    site.run("promote", "new.yaml")

    site.run("rollback")
    assert site.policy.read_text() == OLD
    site.run("rollback")
    assert site.policy.read_text() == NEW


def test_without_a_promotion_there_is_nothing_to_go_back_to(site):
    assert "was never promoted" in site.refused("rollback")


def test_what_lint_refuses_is_not_promoted(site):
    site.write("bad.yaml", '"placement:traits:lst": "role:admin"\n')

    result = site.run("promote", "bad.yaml", exit_code=1)

    assert "bad.yaml\n  1  error  PP121" in result.stdout
    assert "Nothing is changed" in result.stderr
    assert site.policy.read_text() == OLD
    assert site.hidden() == []


def test_lint_looks_at_the_candidate_together_with_the_policy_dirs(site):
    site.write("policy.d/10.yaml", '"placement:traits:show": "rule:helper"\n')
    site.configure(f"policy_dirs = {site.folder}/policy.d\n")
    site.policy.write_text(f'{OLD}"helper": "role:x"\n')

    result = site.run("promote", "new.yaml", exit_code=1)

    assert "helper" in result.stdout


@pytest.mark.parametrize("place", ["new.policy-test.yaml", "tests/policy.policy-test.yaml", "mine"])
def test_the_tests_must_pass(site, place):
    name = place if place != "mine" else "mine/any.policy-test.yaml"
    named = ["--tests", "mine"] if place == "mine" else []
    site.write(name, cases("deny"))

    result = site.run("promote", "new.yaml", *named, exit_code=1)

    assert "new.yaml: 0 passed, 1 failed" in result.stdout
    assert site.policy.read_text() == OLD
    site.write(name, cases("allow"))
    assert "new.yaml: 1 passed" in site.run("promote", "new.yaml", *named).stdout


def test_that_there_are_no_tests_is_said(site):
    assert "No tests were run: see --tests." in site.run("promote", "new.yaml").stdout


def test_what_a_trial_said_is_shown(site):
    """The log of docs/shadow.md, as if it spoke of this candidate, under whatever name."""
    log = (ROOT / "docs" / "examples" / "tried.jsonl").read_text()
    site.write("audit.jsonl", log)
    options = ["promote", "new.yaml", "--log", "audit.jsonl"]
    said = site.run(*options).stdout
    mine = re.search(r"No record names revision (\w+)", said)[1]
    assert "gained  2" not in said
    site.run("rollback")

    site.write("audit.jsonl", log.replace(day.CANDIDATE_REVISION, mine))
    said = site.run(*options).stdout

    assert "gained  2  roles reader; project alpha" in said
    assert "No record names" not in said
    assert mine in [entry["after"] for entry in site.history()]


def test_a_file_of_cases_that_is_not_good_ends_it(site):
    site.write("new.policy-test.yaml", "cases: 1\n")

    assert "new.policy-test.yaml" in site.refused("promote", "new.yaml")


def test_the_same_again_changes_nothing(site):
    site.write("same.yaml", OLD)

    assert "Nothing is changed" in site.run("promote", "same.yaml").stdout
    assert site.hidden() == []


def test_a_file_that_is_policy_already_is_no_candidate(site):
    site.write("policy.d/10.yaml", '"placement:traits:show": "role:admin"\n')
    site.configure(f"policy_dirs = {site.folder}/policy.d\n")

    assert "is read as policy already" in site.refused("promote", "policy.d/10.yaml")
    assert "is read as policy already" in site.refused("promote", "policy.yaml")


def test_a_file_of_a_policy_directory_is_replaced_by_name(site):
    part = site.write("policy.d/10.yaml", '"placement:traits:show": "role:admin"\n')
    site.configure(f"policy_dirs = {site.folder}/policy.d\n")
    site.write("part.yaml", '"placement:traits:show": "role:reader"\n')

    site.run("promote", "part.yaml", "--file", "policy.d/10.yaml")

    assert part.read_text() == '"placement:traits:show": "role:reader"\n'
    assert site.policy.read_text() == OLD
    assert site.history()[0]["file"] == "policy.d/10.yaml"
    assert site.run("promote", "new.yaml").exit_code == 0, "what is kept there is no policy"
    site.run("rollback", "--file", "policy.d/10.yaml")
    assert part.read_text() == '"placement:traits:show": "role:admin"\n'
    assert [entry["file"] for entry in site.history()] == [
        "policy.d/10.yaml",
        "policy.yaml",
        "policy.d/10.yaml",
    ]
    other = site.write("other.yaml", "{}\n")
    assert "is no file of the policy" in site.refused("promote", "new.yaml", "--file", other)


def test_a_policy_that_is_missing_is_not_replaced(site):
    site.policy.unlink()

    assert "is no file of the policy" in site.run("promote", "new.yaml", exit_code=1).stderr


def test_a_policy_that_is_not_good_can_be_replaced(site):
    site.policy.write_text('"placement:traits:lst": "role:admin"\n')

    result = site.run("promote", "new.yaml")

    assert "nothing to compare with" in result.stdout
    assert site.policy.read_text() == NEW
    assert site.history()[0]["changes"] == {}


def test_an_empty_candidate_is_refused_as_the_service_would(site):
    site.write("empty.yaml", "")

    site.refused("promote", "empty.yaml")


def test_a_linked_policy_stays_linked(site):
    site.write("real/policy.yaml", OLD)
    site.policy.unlink()
    site.policy.symlink_to("real/policy.yaml")

    site.run("promote", "new.yaml")

    assert site.policy.is_symlink()
    assert site.policy.read_text() == NEW
    assert (site.folder / "real" / ".policy.yaml.previous").read_text() == OLD


def test_the_directory_can_be_a_repository_of_git_and_one_of_policy_dirs(site, tmp_path_factory):
    candidate = tmp_path_factory.mktemp("elsewhere") / "new.yaml"
    candidate.write_text(NEW)
    repository = site.folder / "repository"
    repository.mkdir()
    site.policy.rename(repository / "policy.yaml")
    site.policy = repository / "policy.yaml"
    site.configure(f"policy_dirs = {repository}\n")
    _git(repository, "init", "--quiet")
    _git(repository, "add", "policy.yaml")
    _git(repository, "commit", "--quiet", "--message", "First")

    site.run("promote", candidate)

    assert _git(repository, "status", "--porcelain").splitlines() == [
        " M policy.yaml",
        "?? .policy.yaml.history",
        "?? .policy.yaml.previous",
    ]
    _git(repository, "commit", "--quiet", "--all", "--message", "Second")
    site.run("rollback")
    assert _git(repository, "diff", "--stat", "HEAD~", "--", "policy.yaml") == ""


def _git(folder, *arguments):
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    done = subprocess.run(
        ["git", "-C", folder, *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_second_one_is_refused_while_one_is_under_way(site):
    descriptor = os.open(site.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert "another promotion or rollback is under way" in site.refused("promote", "new.yaml")
    finally:
        os.close(descriptor)
    site.run("promote", "new.yaml")


def test_without_a_terminal_somebody_must_have_said_yes(site):
    assert "--yes goes on without" in site.refused("promote", "new.yaml", yes=False, exit_code=2)


def on_a_terminal(site, asked, answer, meanwhile=lambda: None):
    """Types the answer when it is asked for; gives the exit code, and all that was shown."""
    child, terminal = pty.fork()
    if child == 0:
        command = str(Path(sys.executable).with_name("policy-proxy"))
        options = ["--config-file", str(site.conf), "--no-wait"]
        os.execv(command, [command, "policy", "promote", "new.yaml", *options])
    shown, silent = b"", 0
    with suppress(OSError):  # which is how a terminal ends
        while silent < 30:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 4096)
                continue
            silent += 1
            if asked in shown:  # and again if need be: a signal just before it reads is not seen
                meanwhile()
                os.write(terminal, answer)
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [(b"y\n", 0, NEW), (b"n\n", 1, OLD), (b"\n", 1, OLD), (b"\3", 1, OLD)],
)
def test_it_asks_on_a_terminal(site, answer, code, text):
    ended, shown = on_a_terminal(site, b"in force?", answer)

    assert ended == code, shown
    assert site.policy.read_text() == text


def test_what_changes_while_it_asks_is_not_overwritten(site):
    changed = OLD + "# by hand\n"

    ended, shown = on_a_terminal(
        site, b"in force?", b"y\n", lambda: site.policy.write_text(changed)
    )

    assert ended == 1
    assert "have changed meanwhile" in shown
    assert site.policy.read_text() == changed


def test_a_directory_that_cannot_be_written_is_told(site):
    Path(".policy.yaml.new").mkdir()

    assert ".policy.yaml.new" in site.refused("promote", "new.yaml")


def test_a_command_that_was_cut_short_is_told_by_the_next(site):
    """As it is after SIGKILL, or when the machine goes down, while workers are waited for."""
    Path(".policy.yaml.before").write_text(OLD)
    site.policy.write_text(NEW)

    result = site.run("rollback")

    assert "cut short" in result.stderr
    assert site.policy.read_text() == OLD
    assert [entry["kind"] for entry in site.history()] == ["rollback", "interrupted"]
