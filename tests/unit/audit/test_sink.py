from __future__ import annotations

import json
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.audit.line import as_line
from policy_proxy.audit.opening import sink as opened
from policy_proxy.config.audit import AuditSettings
from policy_proxy.errors import ConfigurationError


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_a_record_is_one_line_of_ascii(record):
    line = as_line(record)
    assert line.isascii()
    assert not any(ord(c) < 0x20 or ord(c) == 0x7F for c in line.replace("\x7f", ""))
    assert len(line.splitlines()) == 1
    assert json.loads(line) == record


def test_threads_share_a_file_without_torn_lines(tmp_path):
    path = tmp_path / "audit.jsonl"
    sinks = [opened(AuditSettings(str(path))) for _ in range(2)]

    def write(sink, who):
        for number in range(200):
            sink({"who": who, "number": number, "filler": "x" * 3000})

    threads = [threading.Thread(target=write, args=(sinks[n % 2], n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(records) == 1200
    for who in range(6):
        assert [r["number"] for r in records if r["who"] == who] == list(range(200))


def test_a_file_that_cannot_be_opened_is_an_error_at_once(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        opened(AuditSettings(str(tmp_path / "missing" / "audit.jsonl")))


def test_a_full_disk_loses_nothing_silently_and_is_survived(caplog):
    sink = opened(AuditSettings("/dev/full"))
    with caplog.at_level(logging.ERROR):
        sink({"request_id": "req-1"})
        sink({"request_id": "req-2"})
    assert sink.lost == 2
    assert "No space left" in caplog.text
    assert "req-1" in caplog.text
    assert "req-2" in caplog.text
