"""The file that records go to: renamed, removed, emptied, full, or a pipe that nobody reads."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import threading
import time
from contextlib import contextmanager

import pytest

from unit.audit.audit_files import Writer, numbers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@contextmanager
def no_file_larger_than(size):
    """What a full disk looks like to a writer, for this whole process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_renamed_file_is_followed_within_a_second(path):
    writer = Writer(path)
    writer.put(1)
    path.rename(f"{path}.1")
    writer.put(2)
    time.sleep(1.05)
    writer.put(3)

    assert numbers(path) == [3]
    assert numbers(path.with_name("audit.jsonl.1")) == [1, 2]


@pytest.mark.parametrize("told", [True, False], ids=["told", "durable"])
def test_a_renamed_file_is_followed_at_once(path, told):
    writer = Writer(path, durable=not told)
    writer.put(1)
    path.rename(f"{path}.1")
    if told:
        writer.to.reopen()
    writer.put(2)

    assert numbers(path) == [2]


def test_an_emptied_file_goes_on(path):
    writer = Writer(path)
    writer.put(1)
    os.truncate(path, 0)
    writer.put(2)

    assert numbers(path) == [2]


def test_a_folder_that_is_gone_is_an_error_until_it_is_back(tmp_path):
    path = tmp_path / "logs" / "audit.jsonl"
    path.parent.mkdir()
    writer = Writer(path, durable=True)
    writer.put(1)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        writer.put(2)
    path.parent.mkdir()
    writer.put(3)

    assert numbers(path) == [3]


def test_what_went_into_a_file_that_is_nowhere_is_not_durable(path):
    writer = Writer(path, durable=True)
    writer.put(1)
    writer.to.sync()
    path.unlink()

    with pytest.raises(OSError, match="has been removed"):
        writer.to.sync()


def test_half_a_record_is_an_error_and_the_next_one_has_a_line_of_its_own(path):
    writer = Writer(path)
    writer.put(1)
    with no_file_larger_than(path.stat().st_size + 5), pytest.raises(OSError, match="only 5 of"):
        writer.put(2)
    writer.put(3)

    first, torn, third = path.read_bytes().splitlines()
    assert (json.loads(first), torn, json.loads(third)) == ({"number": 1}, b'{"num', {"number": 3})


def test_a_record_without_the_end_of_its_line_is_whole(path):
    writer = Writer(path)
    writer.put(1)
    with no_file_larger_than(2 * path.stat().st_size - 1):
        writer.put(2)
    writer.put(3)

    assert numbers(path) == [1, 2, 3]


def test_no_room_at_all_leaves_nothing_behind(path):
    writer = Writer(path)
    writer.put(1)
    with no_file_larger_than(path.stat().st_size):
        for _ in range(2):
            with pytest.raises(OSError, match="File too large") as refused:
                writer.put(2)
            assert refused.value.errno == errno.EFBIG
    writer.put(3)

    assert path.read_bytes() == b'{"number":1}\n{"number":3}\n'


def test_what_was_lost_is_told_by_the_file_itself(path):
    writer = Writer(path)
    writer.put(1)
    writer.lost = 3
    writer.put(2, 3)
    writer.lost = 4
    writer.close()

    lost = [json.loads(line) for line in path.read_bytes().splitlines() if b"lost" in line]
    assert [(entry["event"], entry["lost"], entry["worker"]) for entry in lost] == [
        ("lost", 3, os.getpid()),
        ("lost", 1, os.getpid()),
    ]


def test_a_large_file_makes_room_and_the_oldest_goes(path):
    writer = Writer(path, max_bytes=130, keep=3)
    writer.put(*range(10, 55))

    files = [path, *(path.with_name(f"audit.jsonl.{n}") for n in (1, 2, 3))]
    assert [numbers(file) for file in files] == [
        [50, 51, 52, 53, 54],
        list(range(40, 50)),
        list(range(30, 40)),
        list(range(20, 30)),
    ]
    assert {file.name for file in path.parent.iterdir()} == {
        ".audit.jsonl.lock",
        *(file.name for file in files),
    }


def test_writers_that_share_a_file_lose_nothing_when_it_makes_room(path):
    """More files are kept than come to be: any record that is not there is lost."""

    def write(who):
        writer = Writer(path, max_bytes=4000, keep=1000)
        for number in range(300):
            writer.put(f"{who}-{number}", filler="x" * 50)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    files = [file for file in path.parent.iterdir() if file.name.startswith("audit")]
    found = numbers(*files)
    assert len(files) > 3
    assert sorted(found) == sorted(f"{who}-{number}" for who in range(4) for number in range(300))


def test_nobody_waits_for_one_who_does_not_finish_renaming(path, tmp_path):
    """Then the file becomes larger than it should."""
    writer = Writer(path, max_bytes=50)
    lock = os.open(tmp_path / ".audit.jsonl.lock", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    writer.put(*range(10, 20))
    assert numbers(path) == list(range(10, 20))
    os.close(lock)
    writer.put(20)

    assert numbers(path) == [20]


def test_a_record_in_a_file_that_others_have_rotated_away_is_written_again(path, monkeypatch):
    """It happens between two system calls, so the first one is where the others come in."""
    writer, write = Writer(path, max_bytes=10**6, keep=1), os.write
    writer.put(1)

    def late(descriptor, data):
        monkeypatch.setattr(os, "write", write)
        path.replace(f"{path}.1")
        path.with_name("audit.jsonl.1").unlink()
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", late)
    writer.put(2)

    assert numbers(path) == [2]


def test_a_pipe_without_a_reader_is_an_error_until_there_is_one(path):
    os.mkfifo(path)
    writer = Writer(path)
    with pytest.raises(OSError, match="nobody reads this pipe"):
        writer.put(1)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer.put(2)
    assert os.read(reader, 100) == b'{"number":2}\n'
    os.close(reader)
    for _ in range(2):
        with pytest.raises(OSError, match=r"Broken pipe|nobody reads"):
            writer.put(3)


def test_a_full_pipe_is_waited_for_only_so_long(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = Writer(path)
    before = time.monotonic()
    with pytest.raises(OSError, match=r"the pipe is full|bytes were written"):
        writer.put(*range(10_000), filler="x" * 1000)
    assert time.monotonic() - before < 30
    while True:
        try:
            os.read(reader, 1 << 20)
        except BlockingIOError:
            break
    writer.put("after")
    assert json.loads(os.read(reader, 1000).splitlines()[-1]) == {"number": "after"}
    os.close(reader)


def test_a_record_that_is_longer_than_a_pipe_goes_through_it(path):
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    heard = bytearray()

    def read():
        while not heard.endswith(b"\n"):
            heard.extend(os.read(reader, 4096))

    thread = threading.Thread(target=read)
    writer = Writer(path)
    thread.start()
    writer.put("long", filler="x" * 200_000)
    thread.join()
    os.close(reader)

    assert json.loads(heard)["number"] == "long"
