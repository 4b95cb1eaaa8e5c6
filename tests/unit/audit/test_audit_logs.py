"""Logs as they lie on the disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys

import pytest

from policy_proxy.audit.logs import LONGEST, LogError, files, lines, size

PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TEXT = b"one\n\ntwo \xff\x00\nthree"
LINES = [b"one\n", b"\n", b"two \xff\x00\n", b"three"]


def texts(path):
    return [line.text for line in lines([str(path)])]


@pytest.mark.parametrize("ending", PACKERS)
def test_a_log_is_unpacked_whatever_it_is_called(tmp_path, ending):
    path = tmp_path / "log"
    path.write_bytes(PACKERS[ending](TEXT))

    found = list(lines([str(path)]))

    assert [line.text for line in found] == LINES
    assert [(line.file, line.number) for line in found] == [(str(path), n) for n in range(1, 5)]


@pytest.mark.parametrize("ending", PACKERS)
def test_logs_that_were_joined_are_one(tmp_path, ending):
    path = tmp_path / "log"
    path.write_bytes(PACKERS[ending](b"one\n") + PACKERS[ending](b"two\n"))

    assert texts(path) == [b"one\n", b"two\n"]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_a_log_that_breaks_off_gives_what_it_has_and_says_so(tmp_path, ending):
    path = tmp_path / "log"
    long = b"".join(os.urandom(30).hex().encode() + b"\n" for _ in range(20_000))
    path.write_bytes(PACKERS[ending](long)[:-200])

    *whole, last = lines([str(path)])

    assert last.text is None
    assert "cannot be read, nor what follows" in last.why
    assert last.number == len(whole) + 1
    assert b"".join(line.text for line in whole) == long[: len(whole) * 61]
    assert whole


def test_a_damaged_log_is_told(tmp_path):
    path = tmp_path / "log.gz"
    packed = bytearray(gzip.compress(os.urandom(50_000)))
    packed[25_000:25_100] = b"\xff" * 100
    path.write_bytes(packed)

    assert list(lines([str(path)]))[-1].text is None


@pytest.mark.parametrize(
    ("magic", "program"), [(b"\x28\xb5\x2f\xfd", "zstd"), (b"\x04\x22\x4d\x18", "lz4")]
)
def test_what_cannot_be_unpacked_here_is_told_with_a_remedy(tmp_path, magic, program):
    path = tmp_path / "log"
    path.write_bytes(magic + b"rest")

    with pytest.raises(LogError, match=rf"{program} -dc .*log \| .* --log -"):
        list(lines([str(path)]))


def test_a_line_of_any_length_takes_bounded_memory(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(
        b"a" * (LONGEST - 1) + b"\n" + b"b" * (3 * LONGEST) + b"\nend\n" + b"c" * LONGEST
    )

    fits, long, end, last = lines([str(path)])

    assert len(fits.text) == LONGEST
    assert (long.text, long.number, long.why) == (None, 2, f"is longer than {LONGEST} bytes")
    assert (end.text, end.number) == (b"end\n", 3)
    assert last.text is None


def test_an_empty_log_has_no_line(tmp_path):
    path = tmp_path / "log"
    path.touch()

    assert texts(path) == []


def test_a_directory_stands_for_its_files_and_a_pattern_for_what_fits(tmp_path):
    for name in ("audit.jsonl", "audit.jsonl.1", "audit.jsonl.2.gz", ".hidden", "other"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    audit = [str(tmp_path / f"audit.jsonl{end}") for end in ("", ".1", ".2.gz")]

    assert files([str(tmp_path)]) == [*audit, str(tmp_path / "other")]
    assert files([str(tmp_path / "audit*")]) == audit
    assert files([str(tmp_path / "*")]) == [*audit, str(tmp_path / "other")]


def test_a_file_that_is_meant_twice_is_read_once(tmp_path):
    path = tmp_path / "log"
    path.touch()
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)

    assert files([str(path), str(tmp_path), str(tmp_path / "l*"), "-", "-"]) == [str(path), "-"]


def test_a_name_may_look_like_a_pattern(tmp_path):
    path = tmp_path / "log[1]"
    path.touch()

    assert files([str(path)]) == [str(path)]


@pytest.mark.parametrize("name", ["missing", "missing*", "empty"])
def test_what_stands_for_nothing_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()

    with pytest.raises(LogError, match=f"{name}.*: there is no such log"):
        files([str(tmp_path / name)])


def test_a_file_that_vanishes_is_told(tmp_path):
    with pytest.raises(LogError, match="cannot be read"):
        list(lines([str(tmp_path / "gone")]))


def test_standard_input_may_be_packed_too(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))

    assert texts("-") == LINES
    assert size(["-"]) is None


@pytest.mark.parametrize("ending", PACKERS)
def test_progress_tells_every_byte_of_the_files_once(tmp_path, ending):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(PACKERS[ending](b"some text\n" * 20_000))
    told = []

    list(lines(map(str, paths), told.append))

    assert sum(told) == size(map(str, paths)) == sum(path.stat().st_size for path in paths)
    assert min(told) >= 0
    assert len(told) > 4
