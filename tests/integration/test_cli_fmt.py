"""`policy fmt` as it is typed: what happens to files."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest
from click.testing import CliRunner

from docs_from_code import ROOT
from policy_proxy.cli import main
from policy_proxy.cli.policy.lint import lint

LOOSE = """\
# Ours.

placement:traits:list:   role:reader # all
placement:resource_providers:list: 'role:reader'
staff: role:staff
"""
TIGHT = """\
# Ours.

"staff": "role:staff"
"placement:resource_providers:list": "role:reader"
"placement:traits:list": "role:reader"  # all
"""
BROKEN = '"placement:traits:list": "role:reader"\n"placement:traits:show": no\n'


def run(*arguments):
    return CliRunner().invoke(main, ["policy", "fmt", *map(str, arguments)])


def untouched(path):
    """What changes when a file is written or replaced; reading it changes its time of access."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(LOOSE)
    return path


def test_a_file_is_written_anew(policy):
    result = run(policy)

    assert (result.exit_code, result.output) == (0, f"{policy}: changed\n")
    assert policy.read_text() == TIGHT
    assert [*policy.parent.iterdir()] == [policy]


def test_the_files_that_are_delivered_are_in_canonical_form():
    result = run("--check", *sorted((ROOT / "policies").glob("*.yaml")))

    assert (result.exit_code, result.output) == (0, "")


def test_a_file_in_canonical_form_is_not_touched(policy):
    policy.write_text(TIGHT)
    before = untouched(policy)

    result = run(policy)

    assert (result.exit_code, result.output) == (0, "")
    assert untouched(policy) == before


def test_check_changes_nothing(policy):
    before = untouched(policy)

    result = run(policy, "--check")

    assert (result.exit_code, result.output) == (1, f"{policy}: would change\n")
    assert untouched(policy) == before
    assert policy.read_text() == LOOSE


def test_check_of_what_is_in_canonical_form(policy):
    policy.write_text(TIGHT)

    assert (run(policy, "--check").exit_code, run(policy, "--check").output) == (0, "")


def test_as_a_document(policy, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(BROKEN)

    result = run(policy, bad, "--check", "--format", "json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (answer["check"], answer["changed"]) == (True, [str(policy)])
    (problem,) = answer["problems"]
    assert problem.startswith(f"{bad}:2: rule 'placement:traits:show' has a value")


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_a_broken_file_is_left_as_it_is(policy, tmp_path, options):
    """And does not keep others from being written."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(BROKEN)
    before = untouched(bad)

    result = run(bad, policy, *options)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {bad}:2: rule 'placement:traits:show' has a value")
    assert "[PP108]" in result.stderr
    assert untouched(bad) == before
    assert policy.read_text() == (LOOSE if options else TIGHT)


def test_a_directory(tmp_path):
    """What oslo.policy reads of it; a backup is an error, and left alone."""
    for name in ("10.yaml", "20.yaml", ".hidden.yaml", "20.yaml~", "below"):
        path = tmp_path / name
        path.mkdir() if name == "below" else path.write_text(LOOSE)
    (tmp_path / "below" / "30.yaml").write_text(LOOSE)

    result = run(tmp_path)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [f"{tmp_path / n}.yaml: changed" for n in ("10", "20")]
    (said,) = result.stderr.splitlines()
    assert said.startswith(f"error: {tmp_path / '20.yaml~'}: looks like a backup")
    assert (tmp_path / "20.yaml~").read_text() == LOOSE
    assert (tmp_path / ".hidden.yaml").read_text() == LOOSE
    assert (tmp_path / "below" / "30.yaml").read_text() == LOOSE


def test_the_mode_stays(policy):
    policy.chmod(0o640)

    run(policy)

    assert stat.S_IMODE(policy.stat().st_mode) == 0o640
    assert policy.read_text() == TIGHT


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of another owner can be made by root alone")
def test_the_owner_stays(policy):
    os.chown(policy, 12345, 23456)

    run(policy)

    assert (policy.stat().st_uid, policy.stat().st_gid) == (12345, 23456)
    assert policy.read_text() == TIGHT


def test_the_time_of_change_is_new(policy):
    """Whoever watches by time must see it."""
    os.utime(policy, (1, 1))

    run(policy)

    assert policy.stat().st_mtime > 1


def test_extended_attributes_stay(policy):
    try:
        os.setxattr(policy, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system keeps no attributes that could be lost")

    run(policy)

    assert os.getxattr(policy, "user.note") == b"kept"


@pytest.mark.parametrize("target", ["real.yaml", "below/real.yaml"])
def test_a_symbolic_link_stays_one(tmp_path, target):
    real, link = tmp_path / target, tmp_path / "policy.yaml"
    real.parent.mkdir(exist_ok=True)
    real.write_text(LOOSE)
    link.symlink_to(target)

    assert run(link).exit_code == 0

    assert str(link.readlink()) == target
    assert not real.is_symlink()
    assert real.read_text() == TIGHT


def test_nobody_reads_half_of_it(policy):
    """A reader finds the one or the other, whole, at any time."""
    found, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            found.add(policy.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        run(policy)
        fresh = policy.with_name(".fresh")
        fresh.write_text(LOOSE)
        fresh.replace(policy)
    stop.set()
    reader.join()

    assert found <= {LOOSE, TIGHT}


def test_what_cannot_be_written_is_left_as_it_is(policy, monkeypatch):
    """Such as on a full disk: nothing is left beside it either."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    result = run(policy)

    assert result.exit_code == 1
    assert result.stderr == (
        f"error: {policy}: cannot be written (No space left on device): whoever runs this must be "
        "able to write the file and its directory, with room for a copy [PP101]\n"
    )
    assert policy.read_text() == LOOSE
    assert [*policy.parent.iterdir()] == [policy]


def test_a_file_of_json_becomes_yaml(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text('{"placement:traits:list": "role:reader", "staff": "role:\\u00e9"}')

    assert run(path).exit_code == 0

    assert path.read_text(encoding="utf-8") == (
        '"staff": "role:é"\n"placement:traits:list": "role:reader"\n'
    )


def test_line_endings_of_other_systems(policy):
    policy.write_bytes(LOOSE.replace("\n", "\r\n").encode())

    assert run(policy, "--check").exit_code == 1
    assert run(policy).exit_code == 0

    assert policy.read_bytes() == TIGHT.encode()


@pytest.mark.parametrize("text", ["{}\n", "# Only comments.\n"])
def test_a_file_without_a_rule(policy, text):
    policy.write_text(text)
    run(policy)

    assert policy.read_text() == text


def test_lint_finds_the_same_afterwards(tmp_path):
    """A comment that silences a warning still stands where it works."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "# lint: allow PP203 anyone may read these\n"
        'placement:traits:show: "@"\n'
        'placement:traits:list: "@" # lint: allow PP203 and these\n'
    )

    def found():
        return CliRunner().invoke(lint, [str(path), "--strict"])

    assert found().exit_code == 0, found().output
    assert run(path).output == f"{path}: changed\n"
    assert found().exit_code == 0, found().output


@pytest.mark.parametrize("arguments", [(), ("missing.yaml",), ("--check",)])
def test_wrong_usage(arguments):
    assert run(*arguments).exit_code == 2
