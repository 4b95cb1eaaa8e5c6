"""`policy replay` and `policy suggest` as they are typed."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from harness.command import invoked, refusal
from policy_proxy.model import Identity
from unit.policy.replay.recorded import recorded

LIST, USAGES = "placement:traits:list", "placement:usages"
NOVA = Identity(user_id="nova", project_id="service", roles=("service",))
ADA = Identity(user_id="ada", project_id="a", roles=("admin",))
RITA = Identity(user_id="rita", project_id="p", roles=("reader",))
READERS = f'"{LIST}": "role:admin or role:reader"\n'


def run(*arguments, **more):
    return invoked("policy", *arguments, **more)


def answered(*arguments, exit_code=0, **more):
    """The answer as a document."""
    result = run(*arguments, "--format", "json", **more)
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def refused(*arguments, exit_code=1):
    return refusal(run(*arguments), exit_code)


def lines(*entries):
    return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()


ALLOWED = [recorded(LIST, NOVA), recorded(LIST, ADA)]
DENIED = [recorded(LIST, RITA, allowed=False)]
UNSEEN = [recorded("", outcome="rejected")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Rotated logs, and a policy where readers list traits and services do not."""
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(READERS)
    Path("logs").mkdir()
    Path("logs/audit.jsonl").write_bytes(lines(*DENIED))
    Path("logs/audit.jsonl.1").write_bytes(lines(*ALLOWED))
    Path("logs/audit.jsonl.2.gz").write_bytes(gzip.compress(lines(*UNSEEN, *DENIED)))
    Path("logs/audit.jsonl-old.xz").write_bytes(lzma.compress(lines(*DENIED)))
    return tmp_path


@pytest.mark.parametrize(
    "named",
    [
        ["logs"],
        ["logs/*"],
        ["logs/audit.jsonl*", "logs/audit.jsonl"],
        [f"logs/audit.jsonl{end}" for end in ("", ".2.gz", "-old.xz", ".1")],
    ],
    ids=["directory", "pattern", "both", "files"],
)
@pytest.mark.usefixtures("folder")
def test_rotated_logs_are_read_however_they_are_named(named):
    options = [word for name in named for word in ("--log", name)]

    found = answered("replay", *options, "--policy", "policy.yaml")

    assert len(found["files"]) == 4
    assert (found["records"], found["not_asked"], found["gained"], found["lost"]) == (6, 1, 3, 1)
    assert found["same"] == {"allowed": 1, "denied": 0}
    assert found["decided_by"] == {"then": 5}
    gained, lost = found["groups"]
    assert (gained["change"], gained["roles"], gained["project_id"], gained["count"]) == (
        "gained",
        ["reader"],
        "p",
        3,
    )
    assert (lost["change"], lost["roles"], lost["count"]) == ("lost", ["service"], 1)
    assert lost["examples"][0]["place"] == "logs/audit.jsonl.1:1"
    assert lost["examples"][0]["user_id"] == "nova"


@pytest.mark.parametrize(
    ("log", "on", "exit_code"),
    [
        (DENIED, "gain", 1),
        (DENIED, "loss", 0),
        (DENIED, "any", 1),
        (ALLOWED, "gain", 0),
        (ALLOWED, "loss", 1),
        (ALLOWED, "any", 1),
        (ALLOWED[1:], "any", 0),
        (UNSEEN, "any", 1),
        ([recorded("placement:gone", ADA)], "gain", 1),
        ([recorded(LIST, ADA) | {"version": 4}], "gain", 1),
        ([{"version": 2}], "loss", 1),
        ([{"no": "record"}], "any", 1),
        ([{"no": "record"}, *ALLOWED[1:]], "any", 0),
        ([], "gain", 1),
    ],
    ids=range(14),
)
@pytest.mark.usefixtures("folder")
def test_what_fails_is_said_by_an_option(log, on, exit_code):
    Path("log").write_bytes(lines(*log))
    options = ("replay", "--log", "log", "--policy", "policy.yaml")

    assert run(*options, "--fail-on", on).exit_code == exit_code
    assert run(*options).exit_code == 0


@pytest.mark.usefixtures("folder")
def test_what_gives_no_record_is_told_with_its_line():
    good = lines(*DENIED)
    unknown = lines(DENIED[0] | {"version": 7})
    Path("log").write_bytes(
        b"".join([good, b'{"version":2,"ti\n', unknown, b"words\n", b"\n", good])
    )

    found = answered("replay", "--log", "log", "--policy", "policy.yaml")
    text = run("replay", "--log", "log", "--policy", "policy.yaml").stdout

    assert found["records"] == 2
    assert found["unread"] == {
        "broken": [{"why": "is no JSON", "count": 1, "places": ["log:2"]}],
        "unknown version": [
            {"why": "is of version 7, not of 1 or 2 or 3", "count": 1, "places": ["log:3"]}
        ],
        "no audit record": [{"why": "holds no audit record", "count": 1, "places": ["log:4"]}],
    }
    assert "broken  1  is no JSON: log:2" in text


@pytest.mark.parametrize("command", ["replay", "suggest"])
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_done_is_an_error(command):
    Path("bad.yaml").write_text(f'"{LIST}": "role:"\n')
    Path("log.zst").write_bytes(b"\x28\xb5\x2f\xfd")

    assert "there is no such log" in refused(command, "--log", "none*")
    assert "zstd -dc" in refused(command, "--log", "log.zst")
    assert "PP1" in refused(command, "--log", "logs", "--policy", "bad.yaml")
    assert "Missing option '--log'" in refused(command, exit_code=2)


@pytest.mark.usefixtures("folder")
def test_standard_input_is_a_log_too():
    found = answered("replay", "--log", "-", "--policy", "policy.yaml", input=lines(*DENIED))

    assert (found["files"], found["gained"]) == (["-"], 1)


@pytest.mark.usefixtures("folder")
def test_a_terminal_shows_how_far_it_is_and_then_the_answer_alone():
    parent, child = pty.openpty()
    command = [Path(sys.executable).with_name("policy-proxy"), "policy", "replay", "--log", "logs"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=child, check=True, timeout=60)
    os.close(child)
    shown = os.read(parent, 65536)
    os.close(parent)

    assert b"Reading" in shown
    assert b"Reading" not in done.stdout
    assert b"records: 6" in done.stdout


@pytest.mark.parametrize("command", ["replay", "suggest"])
@pytest.mark.usefixtures("folder")
def test_what_a_record_says_does_not_reach_the_terminal_as_it_is(command):
    evil = "\x1b[2J\u202e"
    names = {"roles": [evil, "service"], "project_id": evil, "path": evil, "user_id": evil}
    odd = {"operation": evil, "revision": evil, "time": evil}
    log = [recorded(LIST, allowed=False) | names, recorded(LIST, NOVA) | names, DENIED[0] | odd]
    Path("log").write_bytes(lines(*log))

    shown = run(command, "--log", "log").output

    assert r"\x1b[2J\u202e" in "".join(shown.split())
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("time", ["2026-01-0\n", "", "now", '"x": "@"\n'])
@pytest.mark.usefixtures("folder")
def test_nothing_of_a_log_but_dates_gets_into_a_suggestion(time):
    Path("log").write_bytes(lines(recorded(LIST, NOVA) | {"time": time}))

    patch = run("suggest", "--log", "log", "--format", "diff").stdout

    assert '"placement:reshaper:reshape": "!"  # lint: allow PP204 not used in the log\n' in patch
    assert len(patch.splitlines()) == 3 + 33


@pytest.mark.usefixtures("folder")
def test_groups_beyond_the_first_of_a_rule_are_counted():
    log = [recorded(LIST, RITA, allowed=False, project_id=f"p{n}") for n in range(25)]
    Path("log").write_bytes(lines(*log))

    text = run("replay", "--log", "log", "--policy", "policy.yaml").stdout

    assert "15  in 15 smaller groups: --format json has them" in text
    assert text.count("roles reader") == 10
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.usefixtures("folder")
def test_a_suggestion_can_be_applied_and_is_told_as_a_document():
    log = [*ALLOWED, recorded(USAGES, RITA, {"project_id": "p"}), *DENIED]
    Path("log").write_bytes(lines(*log))
    before = Path("policy.yaml").read_bytes()
    options = ("suggest", "--log", "log", "--policy", "policy.yaml")

    found = answered(*options)
    patch = run(*options, "--format", "diff").stdout

    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert found["diff"] == patch
    assert Path("policy.yaml").read_bytes() == before
    assert (rules[LIST]["now"], rules[LIST]["suggested"]) == (
        "role:admin or role:reader",
        "role:admin",
    )
    assert (rules[LIST]["requests"], rules[LIST]["unused"]) == (1, ["role:reader"])
    assert rules[USAGES]["suggested"] == "role:reader and project_id:%(project_id)s"
    assert found["denied"][0]["places"] == ["log:1"]
    assert [one["name"] for one in found["roles"]] == ["admin", "reader", "service"]
    assert found["lint"] == []

    Path("p.diff").write_text(patch)
    subprocess.run(
        ["git", "apply", "-p0", "p.diff"], check=True, env={**os.environ, "GIT_DIR": "x"}
    )
    replayed = answered("replay", "--log", "log", "--policy", "policy.yaml")
    assert (replayed["lost"], replayed["gained"]) == (1, 0)  # what it denied before


@pytest.mark.usefixtures("folder")
def test_doubts_do_not_get_into_the_diff():
    Path("log").write_bytes(lines(*ALLOWED) + b"words\n")

    result = run("suggest", "--log", "log", "--policy", "policy.yaml", "--format", "diff")

    assert result.stdout.startswith("--- policy.yaml\n+++ policy.yaml\n")
    assert "left out  1  was allowed, and is not by this policy: log:1" in result.stderr
    assert "no audit record  1" in result.stderr


@pytest.mark.parametrize("form", ["table", "json", "diff"])
@pytest.mark.parametrize("lost", ['{"version":3,"time":', '{"version":9}'])
@pytest.mark.usefixtures("folder")
def test_a_suggestion_from_a_log_that_is_not_understood_is_none_to_take_unseen(form, lost):
    Path("log").write_bytes(lines(*ALLOWED) + lost.encode())

    result = run("suggest", "--log", "log", "--policy", "policy.yaml", "--format", form)

    assert result.exit_code == 1
    assert "policy.yaml" in result.stdout
    assert "error: records not understood: 1, as told above." in result.stderr


@pytest.mark.usefixtures("folder")
def test_of_a_log_without_records_nothing_follows():
    Path("log").write_bytes(b"words of another program\n")

    result = run("suggest", "--log", "log", "--policy", "policy.yaml", "--format", "diff")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: no audit record in log: of nothing, nothing follows\n"


@pytest.mark.usefixtures("folder")
def test_nothing_to_suggest_is_no_diff():
    Path("log").write_bytes(lines(*DENIED))

    result = run("suggest", "--log", "log", "--keep-unused", "--policy", "policy.yaml")

    assert result.exit_code == 0
    assert "To review" not in result.stdout
    assert "as they are: 33" in result.stdout


@pytest.mark.usefixtures("folder")
def test_a_policy_that_is_not_there_yet_is_suggested_whole():
    Path("log").write_bytes(lines(*ALLOWED))

    patch = run("suggest", "--log", "log", "--keep-unused", "--format", "diff").stdout

    assert patch.splitlines() == [
        "--- /dev/null",
        "+++ policy.yaml",
        "@@ -0,0 +1 @@",
        f'+"{LIST}": "(role:service and user_id:nova) or role:admin"',
    ]
