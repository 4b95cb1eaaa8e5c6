"""The audit file of a real `serve`: several workers, rotation under load, faults, and SIGKILL."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import psutil
import pytest

from docs_from_code import ROOT
from harness.disks import disk_that_can_hang, small_disk
from harness.keystone import Grant
from harness.programs import missing
from harness.proxy import ADMIN, configuration
from harness.serve import COMMAND, serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend
from unit.audit.audit_files import new_key

MANY_ROLES = Grant("somebody", tuple(f"role-{number:04}" for number in range(440)), "alpha")
"""The longest token there may be: its records are larger than what a pipe takes at once."""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "logs" / "audit.jsonl"
    path.parent.mkdir()
    return path


@pytest.fixture
def configured(tmp_path, log, keystone_url, password, backend):
    """A configuration with these options of [audit]; gives its path."""

    def made(url=backend.url, **options):
        lines = [f"{name} = {value}" for name, value in {"file": log, **options}.items()]
        return configuration(
            tmp_path,
            backend=url,
            keystone=keystone_url,
            password=password,
            options="\n".join(["[audit]", *lines]),
        )

    return made


def entries(*paths):
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def asked(served, token, method="PUT", path="/traits/CUSTOM_A", timeout=20.0):
    """The status of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=timeout)
    try:
        connection.request(method, path, headers={"X-Auth-Token": token})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def under_load(served, tokens, count, between=lambda number: None):
    """The statuses of so many requests by each of some threads.

    :param between: is called with the number of the round by the first thread.
    """
    statuses = []

    def run(who):
        for number in range(count):
            if who == 0:
                between(number)
            statuses.append(asked(served, tokens[number % len(tokens)]))

    threads = [threading.Thread(target=run, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def puts(backend):
    """How many writes it has heard."""
    return sum(raw.startswith(b"PUT ") for raw in backend.requests)


def verified(log, key, *options):
    """Exit code, and what is said."""
    command = [COMMAND, "audit", "verify", str(log.parent), "--key-file", str(key), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def health(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/healthcheck?detailed=1")
    document = json.loads(connection.getresponse().read())
    connection.close()
    return document


def test_what_was_about_to_be_done_is_on_the_disk_after_sigkill(
    configured, tmp_path, log, keystone
):
    asked_for, go_on = threading.Event(), threading.Event()

    def slow(connection):
        while heard := connection.hear():
            if heard.startswith(b"PUT "):
                asked_for.set()
                go_on.wait(30)
            connection.say(VERSIONS if heard.startswith(b"GET / ") else OK)

    key = tmp_path / "key"
    new_key(key)
    with RawBackend(slow) as backend:
        path = configured(backend.url, strict="writes", key_file=key)
        with serving(path) as served:
            token = keystone.issue(ADMIN)
            client = threading.Thread(target=lambda: _unanswered(served, token))
            client.start()
            assert asked_for.wait(20)
            for pid in [*served.worker_pids(), served.process.pid]:
                os.kill(pid, signal.SIGKILL)
            served.process.wait(10)
            client.join()
            go_on.set()

    _, intent = entries(log)
    assert (intent["event"], intent["method"]) == ("intent", "PUT")
    code, said = verified(log, key)
    assert (code, "open: still running or killed" in said) == (0, True), said
    assert verified(log, key, "--ended")[0] == 1
    report = subprocess.run(
        [COMMAND, "audit", "report", "--format", "json", str(log)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(report.stdout)
    assert told["intents_without_outcome"] == {intent["request_id"]: f"{log}:2"}


def _unanswered(served, token):
    with pytest.raises((OSError, http.client.HTTPException)):
        asked(served, token)


@pytest.mark.parametrize(
    ("how", "strict"),
    [("by size", "off"), ("by size", "writes"), ("by name", "off"), ("by signal", "writes")],
)
def test_workers_share_a_file_that_is_rotated_under_load(
    configured, tmp_path, log, keystone, how, strict
):
    """No line is torn, none is lost, and the chains of all workers hold from file to file."""
    key = tmp_path / "key"
    new_key(key)
    more = {"max_bytes": 200_000, "keep": 500} if how == "by size" else {}
    tokens = [keystone.issue(grant) for grant in (ADMIN, MANY_ROLES, ADMIN, ADMIN)]
    path = configured(strict=strict, key_file=key, **more)

    with serving(path, "--workers", "4") as served:
        eventually(lambda: len(served.worker_pids()) == 4)

        def rename(number):
            if how != "by size" and number in (5, 15):
                log.rename(log.with_name(f"audit.jsonl.{number}"))
                if how == "by name":
                    time.sleep(1.1)
                else:
                    served.process.send_signal(signal.SIGHUP)

        statuses = under_load(served, tokens, 30, rename)

    files = [file for file in log.parent.iterdir() if not file.name.startswith(".")]
    found = entries(*files)
    code, said = verified(log, key, "--ended")
    requests = [one for one in found if one["event"] == "request"]
    assert code == 0, said
    assert len(files) >= 3
    assert len(requests) == len(statuses) == 240
    assert sorted({one["status"] for one in requests}) == sorted(set(statuses)) == [200, 403]
    assert len({one["request_id"] for one in requests}) == 240
    assert max(len(line) for file in files for line in file.read_bytes().splitlines()) > 5000
    workers = {one["worker"] for one in found if one["event"] == "begin"}
    assert said.count(", ended") == len(workers) > 1


@contextmanager
def no_file_larger(log, pids):
    """What a full disk looks like to these processes; the same for those who cannot mount."""
    size = log.stat().st_size
    limits = [psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE) for pid in pids]
    for pid in pids:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (size, limits[0][1]))
    try:
        yield
    finally:
        for pid, limit in zip(pids, limits, strict=True):
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, limit)


@contextmanager
def filled(log):
    """Nothing more fits on the disk."""
    filler = log.with_name(".filler")
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    with log.open("ab", buffering=0) as file:  # what the last page of the log itself has left
        rest = -log.stat().st_size % 4096
        file.write(b" " * (rest - 1) + b"\n" if rest else b"")
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.parametrize("kind", ["full disk", "largest file"])
def test_a_disk_without_room_refuses_writes_until_it_has_some(
    configured, log, keystone, backend, kind
):
    token, sent = keystone.issue(ADMIN), puts(backend)
    with small_disk(log.parent) if kind == "full disk" else _nothing():
        with serving(configured(strict="writes", timeout=2)) as served:
            assert asked(served, token) == 200
            pids = served.worker_pids()
            with filled(log) if kind == "full disk" else no_file_larger(log, pids):
                assert [asked(served, token) for _ in range(3)] == [503] * 3
                assert asked(served, token, "GET", "/traits") == 200
                told = health(served)
            assert asked(served, token) == 200
            assert puts(backend) == sent + 2
            assert told["audit"] == {"lost": 4}
            assert len(told["warnings"]) == 2
        found = [json.loads(line) for line in log.read_bytes().splitlines() if line.strip()]
    kinds = [one["event"] for one in found]
    assert kinds == ["intent", "request", "lost", "intent", "request"]
    assert found[2]["lost"] == 4


@contextmanager
def _nothing():
    yield


@pytest.mark.parametrize(("strict", "status"), [("off", 200), ("writes", 503)])
def test_a_pipe_that_nobody_reads_ends_in_an_answer(
    configured, log, keystone, backend, strict, status
):
    os.mkfifo(log)
    token, sent = keystone.issue(ADMIN), puts(backend)
    with serving(configured(strict=strict, timeout=0.5)) as served:
        before = time.monotonic()
        assert under_load(served, [token], 2) == [status] * 16
        assert time.monotonic() - before < 20
        assert health(served)["audit"] == {"lost": 16}
    assert puts(backend) == sent + (16 if status == 200 else 0)


@pytest.mark.parametrize(("strict", "status"), [("off", 200), ("writes", 503)])
def test_a_pipe_that_is_not_emptied_ends_in_an_answer(configured, log, keystone, strict, status):
    """A reader that has stopped: 64 KiB go into a pipe."""
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    large, small = keystone.issue(MANY_ROLES), keystone.issue(ADMIN)
    with serving(configured(strict=strict, timeout=0.5)) as served:
        before = time.monotonic()
        while not health(served)["audit"]["lost"]:
            assert asked(served, large) == 403
        statuses = under_load(served, [large, small], 4)
        assert time.monotonic() - before < 30
        assert statuses.count(403) == 16
        assert set(statuses[-4:]) <= {403, status}
        lost = health(served)["audit"]["lost"]
        assert lost >= 17
        while chunk := _read(reader):
            assert chunk
        assert asked(served, small) == 200
    os.close(reader)


@pytest.mark.parametrize(("strict", "status"), [("off", 200), ("writes", 503)])
def test_a_disk_that_hangs_ends_in_an_answer(configured, log, keystone, backend, strict, status):
    """Without strict, the request whose record is being written hangs with it, and no other."""
    token = keystone.issue(ADMIN)
    hangs = 1 if strict == "off" else 0
    path = configured(strict=strict, timeout=1)
    with disk_that_can_hang(log.parent) as make_it, serving(path) as served:
        assert asked(served, token) == 200
        statuses, sent = [], puts(backend)
        threads = [
            threading.Thread(target=lambda: statuses.append(asked(served, token, timeout=60)))
            for _ in range(6)
        ]
        make_it("freeze")
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: len(statuses) == 6 - hangs)
            assert [asked(served, token) for _ in range(3)] == [status] * 3
            assert len(statuses) == 6 - hangs
        finally:
            make_it("unfreeze")
        for thread in threads:
            thread.join()
        assert statuses == [status] * 6
        assert puts(backend) == sent + (9 if status == 200 else 0)
        assert health(served)["audit"] == {"lost": 9 - hangs}
        eventually(lambda: asked(served, token) == 200)


def _read(reader):
    try:
        return os.read(reader, 1 << 20)
    except BlockingIOError:
        return b""


def test_logrotate_does_it_as_the_example_says(configured, tmp_path, log, keystone):
    if shutil.which("logrotate") is None:
        missing("there is no logrotate: apt-get install logrotate")
    key = tmp_path / "key"
    new_key(key)
    token = keystone.issue(ADMIN)
    with serving(configured(key_file=key), "--workers", "2") as served:
        example = (ROOT / "etc" / "logrotate.d" / "policy-proxy").read_text()
        (line,) = [line for line in example.splitlines() if "systemctl" in line]
        example = example.replace(line, f"kill -HUP {served.process.pid}")
        rules = tmp_path / "rotate"
        rules.write_text(example.replace("/var/log/policy-proxy", str(log.parent)))
        command = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(rules)]

        def rotate(number):
            if number % 5 == 2:
                subprocess.run(command, check=True, capture_output=True)

        assert under_load(served, [token], 15, rotate) == [200] * 120

    names = sorted(file.name for file in log.parent.iterdir())
    code, said = verified(log, key, "--ended")
    assert names == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2.gz", "audit.jsonl.3.gz"]
    assert (code, "findings: 0" in said) == (0, True), said
    assert "records: 12" in said or "records: 13" in said


ANOTHER_SERVER = """
import webob
from policy_proxy import wsgi

for _ in range(2):
    assert webob.Request.blank("/nowhere").get_response(wsgi.application).status_int == 404
"""


@pytest.mark.parametrize("strict", ["off", "all"])
def test_a_chain_ends_with_the_process_under_another_server_too(configured, tmp_path, log, strict):
    key = tmp_path / "key"
    new_key(key)
    path = configured(key_file=key, strict=strict)
    environment = {**os.environ, "POLICY_PROXY_CONFIG_FILE": str(path)}
    subprocess.run([sys.executable, "-c", ANOTHER_SERVER], check=True, timeout=60, env=environment)

    code, said = verified(log, key, "--ended")
    assert (code, "0 to 3, ended" in said) == (0, True), said


def test_problems_of_the_audit_section_are_told_at_once(configured, log, tmp_path):
    (tmp_path / "key").write_text("secret\n")
    path = configured(strict="all", max_bytes=5, key_file=tmp_path / "key", file="/dev/null")
    done = subprocess.run(
        [COMMAND, "serve", "--config-file", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    for words in ("neither a file nor a FIFO", "no file to rename", "others could use it"):
        assert words in done.stderr
    assert "secret" not in done.stderr

    path.write_text(path.read_text().replace("file = /dev/null\n", ""))
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("file"))
    path.write_text(text)
    done = subprocess.run(
        [COMMAND, "check", "--offline", "--config-file", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert [line.split("] ")[1].split(" ")[0] for line in done.stderr.splitlines()] == [
        "strict",
        "key_file",
        "max_bytes",
    ]
