"""A sink that says whether a record is on the disk, in time, whatever the disk does."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import suppress

import pytest

from harness.stack import eventually
from policy_proxy.audit.opening import sink as opened
from policy_proxy.config.audit import AuditSettings
from policy_proxy.errors import ConfigurationError, Unavailable
from unit.audit.audit_files import new_key

TIMEOUT = 0.3
LONG = 5.0
"""Seconds: far more than any of this should take, and far less than for ever."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def make(path):
    sinks = []

    def made(strict="all", **more):
        sinks.append(opened(AuditSettings(str(path), strict, TIMEOUT, **more)))
        return sinks[-1]

    yield made
    for sink in sinks:
        sink.close()


@pytest.fixture
def syncs(monkeypatch):
    """Counts what is asked of the disk, which takes its time."""
    counted, real = [], os.fdatasync

    def slow(descriptor):
        counted.append(descriptor)
        time.sleep(0.02)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    return counted


def entry(number, method="PUT"):
    return {"request_id": f"req-{number}", "method": method}


def entries(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def at_once(count, act):
    """Several threads that do it; how many seconds the slowest took."""
    took = []

    def run(number):
        before = time.monotonic()
        with suppress(Unavailable):
            act(number)
        took.append(time.monotonic() - before)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(took)


def test_an_intent_is_on_the_disk_when_it_is_taken(make, path, syncs):
    sink = make()
    for number in range(3):
        sink.intend(entry(number))
        assert len(syncs) == number + 1
        assert entries(path)[-1] == entry(number)


def test_requests_share_the_wait_for_the_disk(make, path, syncs):
    sink = make()
    at_once(64, lambda number: sink.intend(entry(number)))

    assert len(entries(path)) == 64
    assert 1 < len(syncs) < 32


def test_what_is_not_covered_does_not_wait_for_the_disk(make, path, syncs):
    sink = make("writes")
    sink(entry(1, "GET"))
    sink(entry(2, "HEAD"))
    assert (len(entries(path)), syncs) == (2, [])
    sink(entry(3, "DELETE"))
    assert (len(entries(path)), len(syncs)) == (3, 1)


@pytest.mark.parametrize(
    ("strict", "method", "covered"),
    [
        ("off", "PUT", False),
        ("writes", "GET", False),
        ("writes", "HEAD", False),
        ("writes", "PUT", True),
        ("writes", "POST", True),
        ("writes", "DELETE", True),
        ("writes", "get", True),
        ("all", "GET", True),
        ("all", "PUT", True),
    ],
)
def test_what_is_covered(make, strict, method, covered):
    assert make(strict).covers(method) is covered


def test_a_disk_that_refuses_is_told_to_each_and_survived(make, path, caplog):
    sink = make()
    path.unlink()
    path.mkdir()
    with pytest.raises(Unavailable, match="cannot be recorded") as refused:
        sink.intend(entry(1))
    assert refused.value.headers == (("Retry-After", "5"),)
    assert sink.refusing
    assert sink.lost == 0
    sink(entry(2))
    assert sink.lost == 1
    assert "req-2" in caplog.text
    path.rmdir()
    sink.intend(entry(3))

    assert not sink.refusing
    assert [one.get("lost", one.get("request_id")) for one in entries(path)] == [1, "req-3"]
    assert "can be written again" in caplog.text


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), ValueError("a mistake")], ids=repr
)
def test_a_disk_that_cannot_make_it_last_is_a_refusal(make, path, monkeypatch, error):
    sink, real = make(), os.fdatasync

    def broken(_):
        raise error

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(Unavailable):
        sink.intend(entry(1))
    monkeypatch.setattr(os, "fdatasync", real)
    sink.intend(entry(2))

    assert not sink.refusing
    assert entries(path)[-1] == entry(2)


@pytest.mark.parametrize("strict", ["off", "writes", "all"])
def test_a_disk_that_hangs_stops_no_request_for_long(make, path, monkeypatch, caplog, strict):
    """The first ones wait in vain for as long as they may, the next ones not at all."""
    sink, real, go_on = make(strict), os.write, threading.Event()
    hangs = threading.Event()

    def hanging(descriptor, data):
        if b"req-" in data:
            hangs.set()
            assert go_on.wait(60)
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", hanging)

    def act(number):
        if sink.covers("PUT"):
            sink.intend(entry(number))
        else:
            sink(entry(number))

    stuck = threading.Thread(target=act_quietly, args=(act,))
    stuck.start()
    assert hangs.wait(LONG)
    assert at_once(8, act) < LONG
    before = time.monotonic()
    for number in range(20):
        with suppress(Unavailable):
            act(number)
    assert time.monotonic() - before < 20 * TIMEOUT / 2
    assert sink.refusing is (strict != "off")
    assert sink.lost == (28 if strict == "off" else 0)
    assert ("req-7" in caplog.text) is (strict == "off")
    go_on.set()
    stuck.join()

    def goes_on():
        with suppress(Unavailable):
            act("after")
        return entries(path)[-1:] == [entry("after")]

    eventually(goes_on)
    assert not sink.refusing


def act_quietly(act):
    with suppress(Unavailable):
        act("first")


def test_an_outcome_that_a_disk_keeps_waiting_is_lost_and_told(make, monkeypatch, caplog):
    sink, real, go_on = make(), os.fdatasync, threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: go_on.wait(60) and real(descriptor))
    with caplog.at_level(logging.ERROR):
        sink(entry(1))
    assert (sink.lost, sink.refusing) == (1, True)
    assert "req-1" in caplog.text
    go_on.set()


@pytest.mark.parametrize("strict", ["off", "writes", "all"])
def test_a_pipe_without_a_reader_stops_no_request_for_long(make, path, caplog, strict):
    os.mkfifo(path)
    sink = make(strict)
    assert at_once(8, lambda number: sink(entry(number))) < LONG
    assert sink.lost == 8
    assert "nobody reads this pipe" in caplog.text
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink(entry("after"))
    heard = os.read(reader, 10000).splitlines()
    os.close(reader)

    assert [json.loads(line).get("lost") for line in heard] == [8, None]


@pytest.mark.parametrize("strict", ["off", "writes", "all"])
def test_a_pipe_that_is_full_stops_no_request_for_long(make, path, strict):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = make(strict)
    large = {"method": "PUT", "filler": "x" * 3000}
    before = time.monotonic()
    while not sink.lost:
        sink(large)
    for _ in range(20):
        sink(large)
    assert time.monotonic() - before < LONG + 20 * TIMEOUT / 2
    assert sink.lost == 21
    if strict != "off":
        with pytest.raises(Unavailable):
            sink.intend(large)
    os.close(reader)


def test_a_chain_ends_with_the_sink(make, path, tmp_path):
    new_key(tmp_path / "key")
    sink = make(key_file=str(tmp_path / "key"))
    sink.intend(entry(1))
    sink.close()
    sink.close()

    assert [one.get("event", one.get("request_id")) for one in entries(path)] == [
        "begin",
        "req-1",
        "end",
    ]


def test_a_sink_that_was_never_used_leaves_nothing(make, path, tmp_path):
    new_key(tmp_path / "key")
    for strict in ("off", "all"):
        make(strict, key_file=str(tmp_path / "key")).close()

    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"file": "/dev/full", "strict": "writes"}, "neither a file nor a FIFO"),
        ({"file": "/dev/null", "strict": "all"}, "neither a file nor a FIFO"),
        ({"file": "/dev/null", "max_bytes": 5}, "no file to rename"),
        ({"file": "/nowhere/a", "strict": "all"}, "No such file"),
        ({"file": "/tmp/a", "key_file": "/nowhere"}, "key_file = /nowhere cannot be read"),
    ],
    ids=range(5),
)
def test_what_cannot_work_is_told_at_the_start(settings, why):
    with pytest.raises(ConfigurationError, match=why):
        opened(AuditSettings(**settings))
