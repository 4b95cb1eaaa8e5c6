"""A policy file is replaced at once, whatever happens, and nothing beside it becomes policy."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from pathlib import Path

import pytest
from oslo_config import cfg
from oslo_policy import opts, policy

from policy_proxy import config
from policy_proxy.cli.policy.promotion import files
from policy_proxy.config.policy import read as policy_settings
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.history import Entry
from policy_proxy.policy.source import read

OLD, NEW = b'"old": "@"\n' * 500, b'"new": "!"\n' * 700
ENTRY = Entry("now", "promote", "me", "", "here", "policy.yaml", "a", "b")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def succeed(file):
    files.keep(file)
    files.replace(file, NEW)
    files.confirm(file)


def give_up(file):
    files.keep(file)
    files.replace(file, NEW)
    files.replace(file, OLD)
    files.forget(file)


def killed_at(number, work, file):
    """Do the work in a process that is killed before the line of `files` with this number.

    :returns: whether there was such a line.
    """
    child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame, event, argument):
            nonlocal seen
            if frame.f_code.co_filename != files.__file__:
                return None
            if event == "line":
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            work(file)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("work", [succeed, give_up])
def test_a_kill_at_any_moment_leaves_one_of_the_two_whole(work, file):
    previous = files.beside(file, "previous")
    kept, number, seen = b"earlier", 0, set()
    while True:
        file.write_bytes(OLD)
        previous.write_bytes(kept)
        number += 1
        if not killed_at(number, work, file):
            break
        content = file.read_bytes()
        assert content in (OLD, NEW)
        assert stat.S_IMODE(file.stat().st_mode) == 0o640

        unfinished = files.is_unfinished(file)

        assert file.read_bytes() == content
        assert {path.name for path in file.parent.iterdir()} == {file.name, previous.name}
        assert previous.read_bytes() == (OLD if content == NEW else kept)
        seen.add((content == NEW, unfinished))
    assert number > 50
    # Not yet replaced; replaced, and nobody knows; for one that succeeds, also confirmed.
    assert seen == {(False, False), (True, True)} | ({(True, False)} if work is succeed else set())


def test_whoever_reads_meanwhile_reads_one_of_the_two(file):
    stopped, seen = threading.Event(), set()

    def reader():
        while not stopped.is_set():
            seen.add(file.read_bytes())

    thread = threading.Thread(target=reader)
    thread.start()
    for content in (NEW, OLD) * 50:
        files.replace(file, content)
    stopped.set()
    thread.join()

    assert seen <= {OLD, NEW}


def test_mode_stays_and_the_time_is_now(file):
    os.utime(file, (1, 1))

    files.replace(file, NEW)

    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert time.time() - file.stat().st_mtime < 60


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of another owner can be made by root alone")
def test_the_owner_stays(file):
    os.chown(file, 12345, 54321)

    succeed(file)
    files.remember(file, ENTRY)

    for path in (file, files.beside(file, "previous"), files.beside(file, "history")):
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


@pytest.mark.skipif(os.geteuid() != 0, reason="two users are needed, and only root can be both")
def test_who_could_not_keep_the_owner_changes_nothing(file, tmp_path):
    tmp_path.chmod(0o777)
    file.chmod(0o666)
    folder = os.open(tmp_path, os.O_RDONLY)  # those above it are not everybody's
    child = os.fork()
    if child == 0:
        os.fchdir(folder)
        os.setuid(65534)
        try:
            files.replace(Path(file.name), NEW)
        except PermissionError as error:
            os._exit(7 if "owner" in error.strerror else 1)
        finally:
            os._exit(0)
    os.close(folder)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert file.read_bytes() == OLD
    assert not files.beside(file, "new").exists()


def test_what_cannot_be_written_changes_nothing(file):
    files.beside(file, "new").mkdir()

    with pytest.raises(OSError, match=r"\.new"):
        files.replace(file, NEW)

    assert file.read_bytes() == OLD


def test_a_link_stays_one(file, tmp_path):
    link = tmp_path / "linked.yaml"
    link.symlink_to(file)

    files.replace(files.real(str(link)), NEW)

    assert link.is_symlink()
    assert file.read_bytes() == NEW


def test_only_one_at_a_time(file):
    with (
        files.locked(file),
        pytest.raises(ConfigurationError, match="another promotion"),
        files.locked(file),
    ):
        pass
    with files.locked(file):
        pass


def test_a_history_goes_on_after_a_line_that_was_cut_off(file):
    files.remember(file, ENTRY)
    with files.beside(file, "history").open("ab") as history:
        history.write(b'{"time": "th')

    files.remember(file, ENTRY)

    assert files.remembered(file) == ([ENTRY, ENTRY], 1)


def test_what_lies_beside_is_no_policy_to_oslo_policy_nor_to_the_proxy(tmp_path):
    """The directory of the policy file is also one of policy_dirs, and a repository of git."""
    (tmp_path / "policy.yaml").write_text('"things:show": "role:reader"\n')
    (tmp_path / ".git").mkdir()
    before = _seen(tmp_path)
    for what in ("new", "before", "previous"):
        files.beside(tmp_path / "policy.yaml", what).write_text('"things:show": "@"\n')
    files.remember(tmp_path / "policy.yaml", ENTRY)

    assert _seen(tmp_path) == before
    assert before == (False, True, (str(tmp_path / "policy.yaml"),) * 2, ())


def _seen(folder):
    """The verdicts of oslo.policy on a stranger and a reader; the files that we read, and what we
    find about them.
    """
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    opts.set_defaults(conf)
    conf.set_override("policy_file", str(folder / "policy.yaml"), group="oslo_policy")
    conf.set_override("policy_dirs", [str(folder)], group="oslo_policy")
    enforcer = policy.Enforcer(conf)
    enforcer.register_default(policy.RuleDefault("things:show", "!"))
    verdicts = (
        enforcer.authorize("things:show", {}, {"roles": roles}) for roles in ([], ["reader"])
    )
    ours = config.parse([])
    ours.set_override("policy_file", str(folder / "policy.yaml"), group="oslo_policy")
    ours.set_override("policy_dirs", [str(folder)], group="oslo_policy")
    sources = read(policy_settings(ours))
    return (*verdicts, tuple(path for path, _ in sources.files), sources.problems)
