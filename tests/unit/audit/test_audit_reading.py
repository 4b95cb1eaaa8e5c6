"""What is on a line of a log: a record, or why not."""

from __future__ import annotations

import json

import pytest

from docs_from_code.audit import schema
from policy_proxy.audit.line import as_line
from policy_proxy.audit.reading import ADDED, VERSIONS, Kind, Unread, entry_of, record_of
from policy_proxy.audit.record import MARKS, VERSION, intent, mark, record
from policy_proxy.model import REQUEST_ID

NOW = record({REQUEST_ID: "req-1"}, "error", 500, 1.0)
INTENT = intent({REQUEST_ID: "req-1"})
BEFORE = {name: value for name, value in NOW.items() if name != "event"} | {"version": 2}
OLD = {name: value for name, value in BEFORE.items() if name not in ADDED} | {"version": 1}


def line(entry):
    return f"{as_line(entry)}\n".encode()


def test_what_is_written_is_read():
    assert record_of(line(NOW)) == NOW


def test_the_schema_names_the_fields_of_a_record_in_their_order():
    told = json.loads(schema())

    assert told["$defs"]["request"]["required"] == list(NOW)
    assert told["$defs"]["intent"]["required"] == list(INTENT)
    assert list(told["properties"])[: len(NOW) + 1] == [*NOW, "candidate"]
    assert told["properties"]["event"]["enum"] == ["request", "intent", *MARKS]
    assert told["properties"]["version"]["const"] == VERSION == max(VERSIONS)


def test_a_record_stands_behind_the_words_of_a_log():
    said = b"2026-01-01 00:00:00,000 INFO 7 policy_proxy.audit {not yet} " + line(NOW)

    assert record_of(said) == NOW
    assert record_of(b"\0" * 100 + line(NOW)) == NOW


def test_a_field_more_is_no_matter():
    assert record_of(line(NOW | {"candidate": {}}))["candidate"] == {}


def test_the_order_of_fields_is_no_matter():
    assert record_of(line(dict(sorted(NOW.items())))) == NOW


def test_half_a_character_is_read_as_it_was_written():
    assert record_of(line(NOW | {"path": "\ud800"}))["path"] == "\ud800"


def test_an_old_record_without_a_service_token_says_all():
    assert record_of(line(OLD)) == BEFORE | {"version": 1}


def test_a_record_of_the_version_before_is_read():
    assert record_of(line(BEFORE)) == BEFORE


def test_what_is_no_record_of_a_request_is_passed_over_and_can_be_had():
    for entry in (INTENT, *(mark(event) for event in MARKS)):
        assert record_of(line(entry)) is None
        assert entry_of(line(entry)) == entry


@pytest.mark.parametrize(
    "service", [{"service_user_id": "s"}, {"service_project_id": "s"}, {"service_roles": ["s"]}]
)
def test_an_old_record_with_a_service_token_does_not_say_its_domains(service):
    assert record_of(line(OLD | service)) == OLD | service


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        (b'{"version":2,"time":"20', Kind.BROKEN, "is no JSON"),
        (b"{" * 100_000, Kind.BROKEN, "is no JSON"),
        (b'{"version":2,"a":NaN,', Kind.BROKEN, "is no JSON"),
        (b"\xff\xfe{\x00", Kind.OTHER, "holds no audit record"),
        (b"2026-01-01 INFO started", Kind.OTHER, "holds no audit record"),
        (b'{"event": "started"}', Kind.OTHER, "holds no audit record"),
        (line(NOW | {"version": 4}), Kind.VERSION, "is of version 4, not of 1 or 2 or 3"),
        (line(NOW | {"version": 0}), Kind.VERSION, "is of version 0, not of 1 or 2 or 3"),
        (line(NOW | {"version": "2"}), Kind.VERSION, "is of version str, not of 1 or 2 or 3"),
        (line(NOW | {"version": 2.0}), Kind.VERSION, "is of version float, not of 1 or 2 or 3"),
        (line(NOW | {"version": True}), Kind.VERSION, "is of version True, not of 1 or 2 or 3"),
        (line(NOW | {"version": [2]}), Kind.VERSION, "is of version list, not of 1 or 2 or 3"),
        (line(OLD | {"version": 2}), Kind.BROKEN, f"lacks {', '.join(sorted(ADDED))}"),
        (line({"version": 2} | dict.fromkeys(ADDED, "")), Kind.BROKEN, "lacks client, "),
        (line(NOW | {"event": "rain"}), Kind.BROKEN, "is of no event that version 3 has"),
        (line(NOW | {"event": ["end"]}), Kind.BROKEN, "is of no event that version 3 has"),
        (line(INTENT | {"event": "request"}), Kind.BROKEN, "lacks credentials, duration_ms, "),
        (line({"version": 3, "event": "end"}), Kind.BROKEN, "lacks time"),
        (line({"version": 3, "event": "intent"}), Kind.BROKEN, "lacks client, domain_id, "),
    ],
    ids=range(19),
)
def test_what_is_no_record_is_told(text, kind, why):
    found = record_of(text)

    assert isinstance(found, Unread)
    assert found.kind is kind
    assert found.why.startswith(why)


@pytest.mark.parametrize("name", sorted(OLD.keys() - {"version"}))
def test_a_record_has_every_field(name):
    for whole in (OLD, BEFORE, NOW):
        short = {other: value for other, value in whole.items() if other != name}
        assert record_of(line(short)) == (Kind.BROKEN, f"lacks {name}")


@pytest.mark.parametrize("text", [b"\n", b"", b" \r\n"])
def test_an_empty_line_is_nothing(text):
    assert record_of(text) is None
