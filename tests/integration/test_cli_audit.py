"""`policy-proxy audit` as it is typed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from harness.audit_example import written
from harness.command import invoked
from harness.serve import COMMAND
from harness.stack import eventually
from policy_proxy.audit import keys

FILES = ("audit.jsonl", "audit.jsonl.1")
VERIFY = ("verify", *FILES, "--key-file", "key")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The sealed files of the documentation."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    return tmp_path


def run(*arguments, **more):
    return invoked("audit", *arguments, **more)


def document(*arguments, exit_code=0):
    result = run(*arguments, "--format", "json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_a_new_key_is_one(tmp_path):
    made = [run("key").stdout for _ in range(2)]
    path = tmp_path / "key"
    path.write_text("".join(made))
    path.chmod(0o400)

    assert made[0] != made[1]
    assert len(keys.read(str(path))) == 2


@pytest.mark.usefixtures("folder")
def test_a_log_is_verified_however_its_files_are_named_and_packed():
    packed = gzip.compress(Path("audit.jsonl.1").read_bytes())
    Path("audit.jsonl.2.gz").write_bytes(packed)
    Path("audit.jsonl.1").unlink()

    for named in (["audit.jsonl*"], ["audit.jsonl.2.gz", "audit.jsonl"], ["audit.jsonl", "*.gz"]):
        found = document("verify", *named, "--key-file", "key", "--ended")
        assert (found["records"], found["findings"], found["found"]) == (21, 0, [])
        (chain,) = found["chains"]
        assert (chain["first"], chain["next"], chain["ended"]) == (0, 21, True)
        assert chain["place"] == "audit.jsonl:11"


@pytest.mark.usefixtures("folder")
def test_standard_input_is_verified_too():
    whole = Path("audit.jsonl.1").read_bytes() + Path("audit.jsonl").read_bytes()

    assert run("verify", "-", "--key-file", "key", "--ended", input=whole).exit_code == 0
    broken = whole.replace(b'"rita"', b'"ada"', 1)
    found = run("verify", "-", "--key-file", "key", "--ended", input=broken)
    assert (found.exit_code, " is altered" in found.stdout) == (1, True)


@pytest.mark.usefixtures("folder")
def test_what_was_done_to_a_log_is_told_by_file_and_line():
    lines = Path("audit.jsonl.1").read_text().splitlines(keepends=True)
    Path("audit.jsonl.1").write_text("".join([*lines[:4], *lines[5:]]))
    found = document(*VERIFY, exit_code=1)

    (finding,) = found["found"]
    assert (finding["file"], finding["number"]) == ("audit.jsonl.1", 5)
    assert finding["why"] == "number 4 of its chain is missing before it"
    assert "audit.jsonl.1:5 number 4 of its chain" in run(*VERIFY).stdout


@pytest.mark.usefixtures("folder")
def test_an_end_that_was_cut_off_is_told_where_it_must_be_there():
    lines = Path("audit.jsonl").read_text().splitlines(keepends=True)
    Path("audit.jsonl").write_text("".join(lines[:-2]))

    assert "open: still running or killed, at audit.jsonl:9" in run(*VERIFY).stdout
    assert run(*VERIFY).exit_code == 0
    assert run(*VERIFY, "--ended").exit_code == 1


@pytest.mark.usefixtures("folder")
def test_many_findings_are_counted():
    Path("audit.jsonl").write_text("words\n" * 500)
    result = run(*VERIFY)

    assert "and 400 findings more" in result.stdout
    assert "findings: 500" in result.stdout
    assert result.stdout.count("has no seal") == 100


@pytest.mark.usefixtures("folder")
def test_the_key_of_a_configuration_is_taken():
    Path("c.conf").write_text(f"[audit]\nkey_file = {Path('key').absolute()}\n")
    Path("empty.conf").write_text("")

    assert run("verify", *FILES, "--config-file", "c.conf").exit_code == 0
    assert run("verify", *FILES, "--config-file", "empty.conf").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("verify", "audit.jsonl"), 2, "name the key"),
        (("verify",), 2, "Missing argument"),
        (("verify", "audit.jsonl", "--key-file", "none"), 2, "does not exist"),
        (("verify", "none", "--key-file", "key"), 1, "there is no such log"),
        (("verify", "audit.jsonl", "--key-file", "open"), 1, "others could use it"),
        (("verify", "audit.jsonl", "--key-file", "bad"), 1, "bad:1 is no key"),
        (("verify", "empty", "--key-file", "key"), 1, ""),
        (("report", "empty"), 1, "no audit record of that time in empty"),
        (("report", "audit.jsonl", "--since", "2027-01-01"), 1, "no audit record of that time"),
        (("report", "audit.jsonl", "--since", "soon"), 2, "is no time"),
        (("report", "none"), 1, "there is no such log"),
        (("tail", "none"), 2, "does not exist"),
    ],
    ids=range(12),
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_done_is_an_error(arguments, exit_code, words):
    for name, text, mode in (("open", "x", 0o644), ("bad", "x", 0o600), ("empty", "", 0o600)):
        Path(name).write_text(text)
        Path(name).chmod(mode)
    result = run(*arguments)

    assert result.exit_code == exit_code, result.output
    assert words in " ".join(result.stderr.split())


@pytest.mark.usefixtures("folder")
def test_a_report_counts_what_there_is():
    lines = Path("audit.jsonl").read_text().splitlines(keepends=True)
    error = json.loads(lines[1]) | {"outcome": "error", "status": 502}
    lost = {"version": 3, "event": "lost", "time": error["time"], "worker": 7, "lost": 5}
    Path("audit.jsonl").write_text("".join([*lines[:3], *lines[4:]]))
    for entry in (error, lost):
        for name in ("chain", "seq", "mac"):
            entry.pop(name, None)
        with Path("audit.jsonl").open("a") as file:
            file.write(f"{json.dumps(entry)}\n")
    with Path("audit.jsonl").open("a") as file:
        file.write("words\n")

    found = document("report", *FILES)

    assert found["files"] == ["audit.jsonl.1", "audit.jsonl"]
    assert (found["requests"], found["lost"], found["gaps"]) == (17, 5, 1)
    assert found["outcomes"] == {"allowed": 13, "denied": 3, "error": 1}
    assert found["operations"]["placement:usages"] == {"allowed": 2, "denied": 1}
    assert found["users"]["bob"] == 2
    denial = {"operation": "placement:usages", "user": "bob", "project": "beta", "count": 1}
    assert denial in found["denials"]
    assert [(one["status"], one["count"]) for one in found["errors"]] == [(502, 1)]
    assert list(found["intents_without_outcome"]) == ["req-00000017-0000-4000-8000-000000000000"]
    assert found["unread"]["no audit record"][0]["places"] == ["audit.jsonl:13"]
    text = run("report", *FILES).stdout
    assert "lost: 5, gaps: 1" in text


@pytest.mark.usefixtures("folder")
def test_a_report_keeps_to_its_time():
    since = document("report", *FILES, "--since", "2026-11-20T12:00")
    until = document("report", *FILES, "--until", "2026-11-20T14:00+02:00")

    assert since["requests"] + until["requests"] == 17
    assert since["from"] == "2026-11-20T12:37:02.098+00:00"
    assert until["to"] < "2026-11-20T12:00"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 19),
        (("-n", "3"), 3),
        (("--outcome", "denied"), 4),
        (("--outcome", "denied", "--outcome", "intent"), 5),
        (("--user", "rita"), 3),
        (("--operation", "placement:traits:*", "--user", "rita"), 2),
        (("--request-id", "req-00000016-0000-4000-8000-000000000000"), 1),
        (("-n", "0"), 0),
    ],
    ids=range(8),
)
@pytest.mark.usefixtures("folder")
def test_the_last_lines_are_shown(options, count):
    lines = [line for name in FILES[::-1] for line in Path(name).read_text().splitlines()]
    marks = [line for line in lines if json.loads(line)["event"] not in ("request", "intent")]
    Path("whole").write_text("".join(f"{line}\n" for line in lines if line not in marks[:2]))
    as_json = run("tail", "whole", "-n", "100", *options, "--format", "json").stdout.splitlines()
    shown = run("tail", "whole", "-n", "100", *options).stdout.splitlines()

    assert len(as_json) == len(shown) == count
    assert set(as_json) <= set(lines)


@pytest.mark.usefixtures("folder")
def test_what_a_record_says_does_not_reach_the_terminal_as_it_is():
    evil = "\x1b[2J\u202e"
    entry = json.loads(Path("audit.jsonl").read_text().splitlines()[1])
    names = ("path", "user_id", "operation", "request_id", "outcome", "time", "method")
    Path("log").write_text(json.dumps(entry | dict.fromkeys(names, evil)) + "\n")

    for words in (("tail", "log"), ("report", "log"), ("verify", "log", "--key-file", "key")):
        shown = run(*words).output
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.usefixtures("folder")
def test_a_log_is_followed_over_renamed_and_emptied_files(tmp_path):
    log, shown = tmp_path / "audit.jsonl", tmp_path / "shown"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text(lines[1])

    def said():
        return [json.loads(line)["request_id"] for line in shown.read_text().splitlines()]

    def add(number):
        with log.open("a") as file:
            file.write(json.dumps(json.loads(lines[1]) | {"request_id": str(number)}) + "\n")

    command = [COMMAND, "audit", "tail", "-n", "0", "-f", "--format", "json", str(log)]
    with shown.open("wb") as out:
        tail = subprocess.Popen(command, stdout=out, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        deadline = time.monotonic() + 30
        while not said() and time.monotonic() < deadline:
            add(0)
            time.sleep(0.1)
        add(1)
        log.rename(tmp_path / "audit.jsonl.1")
        with (tmp_path / "audit.jsonl.1").open("a") as late:
            add(2)
            late.write(json.dumps(json.loads(lines[1]) | {"request_id": "late"}) + "\n")
        eventually(lambda: {"1", "2", "late"} <= {*said()})
        add(3)
        log.rename(tmp_path / "audit.jsonl.2")
        eventually(lambda: "3" in said())
        add(4)
        eventually(lambda: "4" in said())
        os.truncate(log, 0)
        time.sleep(0.5)
        add(5)
        eventually(lambda: "5" in said())
        assert [one for one in said() if one != "0"].count("2") == 1
    finally:
        tail.terminate()
        tail.wait(10)
