from __future__ import annotations

import dataclasses
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from placement import errors as placement_errors

from policy_proxy.model import Operation, PublicError, Request, UpstreamError
from policy_proxy.placement.contract import CODES, DEFAULT_CODE, public_error
from unit.placement.captured_errors import (
    ROWS,
    public_of,
    request_of,
    row_named,
    sentence_of,
    upstream_of,
)

BY_NAME = [pytest.param(row, id=f"{number}-{row['name']}") for number, row in enumerate(ROWS)]
JSON_SHAPED = [row for row in ROWS if isinstance(row["response"]["body"], dict)]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PRIVATE = re.compile(
    r"sqlite|sqlalche|\[SQL|\[parameters|INSERT|SELECT|UPDATE |UNIQUE|database|"  # database
    r"codec|int\(\)|literal|line \d|char \d|recursion|NaN|Python|Encoding|"  # Python
    r"\{'|: \{|'type':|properties':|"  # schema and instance dumps
    r"placement:\w|"  # policy rules
    r"<|>(?! 0| =)|Traceback|Keystone",
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def request(query=(), params=None, document=None, microversion="1.39"):
    return Request(
        operation=Operation(rule="r", method="PUT", template="/x"),
        method="PUT",
        path="/x",
        params=params or {},
        query=tuple(query),
        microversion=microversion,
        document=document,
    )


def upstream(status, sentence, **fields):
    first = {"status": status, "title": "t", "detail": f"Explained.\n\n {sentence}  ", **fields}
    return UpstreamError(status, "application/json", json.dumps({"errors": [first]}).encode())


def as_sent(public: PublicError) -> bytes:
    """What a client gets, in the encoding it gets it in."""
    return json.dumps(dataclasses.asdict(public), ensure_ascii=False).encode()


# --- captured answers


@pytest.mark.parametrize("row", BY_NAME)
def test_a_captured_answer_keeps_its_status_and_code(row):
    body = row["response"]["body"]
    first = body["errors"][0] if isinstance(body, dict) and "errors" in body else {}

    public = public_of(row)

    assert public.status == row["response"]["status"]
    assert public.code == first.get("code", DEFAULT_CODE)
    assert public.title == first.get("title", public.title) != ""


@pytest.mark.parametrize("row", BY_NAME)
def test_a_captured_answer_loses_its_private_text(row):
    text = public_of(row).detail

    assert not PRIVATE.search(text)
    assert set(UUID.findall(text)) <= set(UUID.findall(json.dumps(row["request"])))


@pytest.mark.parametrize("row", BY_NAME)
def test_without_the_request_nothing_of_it_is_put_back(row):
    text = public_error(upstream_of(row), None).detail

    assert not PRIVATE.search(text)
    assert not UUID.search(text)
    assert "compute-01" not in text


@pytest.mark.parametrize(
    ("name", "private"),
    [
        ("409-consumer-generation", "expected 1"),
        ("409-reshaper-generation", "actual: 2"),
        ("409-inventory-inuse-put", "VCPU"),
        ("409-inventory-inuse-delete-all", "VCPU"),
    ],
)
def test_generations_and_classes_of_others_are_not_shown(name, private):
    row = row_named(name)
    assert private in row["response"]["body"]["errors"][0]["detail"]
    assert private not in public_of(row).detail


def test_a_generation_is_not_confirmed_to_a_client_that_guesses_it():
    guessing = request(document={"guesses": [*range(10)], "consumer_generation": 7})
    error = upstream(409, "consumer generation conflict - expected 1 but got 7")

    assert sentence_of(public_error(error, guessing).detail) == (
        "consumer generation conflict - expected (not shown) but got 7"
    )


# --- what clients match on


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("409-consumer-generation", "consumer generation conflict"),
        ("409-consumer-generation-new", "consumer generation conflict"),
        ("409-rp-generation-inventories", "resource provider generation conflict"),
        ("409-reshaper-generation", "resource provider generation conflict"),
        ("409-rp-generation-traits", "Please update the generation and try again."),
        ("race-inventories-409", "resource provider generation conflict"),
        ("race-aggregates-409", "Please update the generation and try again."),
        ("409-rp-name", "Conflicting resource provider name: compute-01.secret.internal"),
        ("404-rp", "No resource provider with uuid f58bb6fa-e204-444c-846f-d4a577b0fddb found"),
        ("404-inventories-no-rp", "No resource provider with uuid"),
        ("404-inventory", "No inventory of class VGPU"),
        ("404-delete-inventory", "No inventory of class VGPU"),
        ("409-inventory-inuse-put", "Inventory for '"),
        ("409-inventory-inuse-delete-one", "Inventory for 'VCPU' on resource provider '29906219"),
        ("409-inventory-inuse-delete-all", "' in use."),
        ("409-capacity", "The requested amount would exceed the capacity."),
        ("409-rp-delete-inuse", "Resource provider has allocations."),
        ("409-rp-delete-parent", "It has child resource providers."),
        ("400-json-schema-dump", "0 is less than the minimum of 1"),
        ("400-json-schema-dump", "On instance['inventories']['VCPU']['total']"),
        ("400-alloc-schema-dump", "JSON does not validate: 'user_id' is a required property"),
        ("400-query-schema-dump", "Additional properties are not allowed ('foo' was unexpected)"),
        ("400-bad-class-name", "'foo' does not match '^CUSTOM_[A-Z0-9_]+$'"),
        ("406-microversion", "Unacceptable version header: 1.99"),
    ],
)
def test_a_phrase_that_clients_match_on_survives(name, phrase):
    row = row_named(name)
    assert phrase in row["response"]["body"]["errors"][0]["detail"]
    assert phrase in public_of(row).detail


def test_a_retryable_conflict_keeps_its_sentence():
    sentence = (
        "update conflict: Another thread concurrently updated the resource provider data. "
        "Please retry your update"
    )
    error = upstream(409, sentence, code="placement.concurrent_update")

    public = public_error(error, None)

    assert public.code == "placement.concurrent_update"
    assert sentence_of(public.detail) == sentence


@pytest.mark.parametrize("row", BY_NAME)
def test_the_detail_is_an_explanation_and_one_line(row):
    explanation, line = public_of(row).detail.split("\n\n")

    assert explanation
    assert explanation.isprintable()
    assert line.startswith(" ")
    assert line.endswith("  ")
    assert line.strip()
    assert line.isprintable()


def test_the_codes_are_those_of_the_installed_placement():
    defined = {
        value
        for name, value in vars(placement_errors).items()
        if name.isupper() and value.startswith("placement.")
    }
    assert defined == CODES


@pytest.mark.parametrize(
    "code", ["placement.mine", "<b>", "", None, 7, ["placement.duplicate_name"], {}, True]
)
def test_any_other_code_is_undefined(code):
    assert public_error(upstream(409, "x", code=code), None).code == DEFAULT_CODE


@pytest.mark.parametrize(
    ("status", "given", "kept"),
    [
        (406, "1.39", "1.39"),
        (400, "1.39", ""),
        (406, "1.39\n", ""),
        (406, "1.x", ""),
        (406, "latest", ""),
        (406, "1." + "9" * 99, ""),
        (406, "\u0661.\u0662", ""),
        (406, 1.39, ""),
    ],
)
def test_versions_are_kept_on_a_406_only(status, given, kept):
    public = public_error(upstream(status, "", min_version=given, max_version=given), None)
    assert (public.min_version, public.max_version) == (kept, kept)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 507, 599])
def test_the_text_of_a_failure_never_matters(status):
    known = upstream(status, "resource provider generation conflict")
    unknown = upstream(status, "(sqlite3.OperationalError) no such table: consumers")

    assert public_error(known, None) == public_error(unknown, None)
    assert "conflict" not in public_error(known, None).detail


@pytest.mark.parametrize(
    "sentence",
    ["Policy does not allow placement:usages to be performed.", "placement:usages", "x"],
)
def test_a_denial_names_no_rule(sentence):
    assert sentence_of(public_error(upstream(403, sentence), None).detail) == (
        "Policy does not allow this operation to be performed."
    )


# --- bodies that are no errors of Placement

NO_ERRORS = [
    b"",
    b"<html><body><h1>414 Request-URI Too Long</h1></body></html>",
    b"upstream connect error",
    b"\xff\xfe{\x00}",
    b'{"errors": [{"detail": "cut',
    b"null",
    b"[]",
    b'"errors"',
    b'{"errors": null}',
    b'{"errors": []}',
    b'{"errors": {"0": 1}}',
    b'{"errors": ["text"]}',
    b'{"errors": [{"detail": {"code": 1}, "code": 7}]}',
    b'{"message": "The Keystone service is at 10.1.2.3", "code": "503", "title": "t"}',
    b'{"error": {"code": 401, "title": "t", "message": "m"}}',
    b"[" * 100_000,
    b"9" * 100_000,
    b'{"errors": [{"detail": "' + b"x" * 2_000_000 + b'"}]}',
]


@pytest.mark.parametrize("body", NO_ERRORS, ids=range(len(NO_ERRORS)))
def test_what_is_no_error_of_placement_becomes_one(body):
    for status in (400, 401, 404, 409, 414, 418, 500, 503):
        public = public_error(UpstreamError(status, "text/html", body), request())

        assert public == public_error(UpstreamError(status, "", b""), None)
        assert public.status == status
        assert public.code == DEFAULT_CODE
        assert public.title
        assert sentence_of(public.detail)


@settings(deadline=None)
@given(
    status=st.integers(min_value=-1, max_value=1000),
    body=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()),
    sent=st.none()
    | st.builds(
        request,
        query=st.lists(st.tuples(st.text(), st.text()), max_size=3),
        params=st.dictionaries(st.text(), st.text(), max_size=2),
        document=JSON,
        microversion=st.text(),
    ),
)
def test_any_bytes_make_an_error(status, body, sent):
    assert as_sent(public_error(UpstreamError(status, "", body), sent))


@settings(deadline=None)
@given(
    sentence=st.sampled_from(
        [
            "Malformed consumer_uuid: {}",
            "Conflicting resource provider name: {} already exists.",
            "No such trait(s): {}.",
            "JSON does not validate: {}  Failed validating 'type' in schema:  On instance{}:",
            "Invalid query string parameters: {}  Failed validating 'type' in x  On instance[{}]:",
        ]
    ),
    text=st.text(st.characters(), max_size=60),  # lone surrogates and control characters too
)
def test_whatever_a_client_sends_comes_back_as_one_printable_line(sentence, text):
    echo = request(document={"name": text, text: [text]}, query=((text, text),))
    error = upstream(400, sentence.replace("{}", text))

    public = public_error(error, echo)

    assert as_sent(public)
    assert public.detail.partition("\n\n")[2].isprintable()


def test_deep_and_enormous_documents_do_no_harm():
    document = [10**5000, -(10**5000), float("nan")]
    for _ in range(5000):
        document = [document]
    sent = request(document={"consumer_generation": 7, "deep": document, "huge": 10**5000})

    conflict = public_error(
        upstream(409, "consumer generation conflict - expected 1 but got 7"), sent
    )
    invalid = public_error(
        upstream(
            400,
            "JSON does not validate: 1000  Failed validating 'maximum' in schema:  "
            "  On instance['huge']:     1000",
        ),
        sent,
    )

    assert "but got 7" in conflict.detail
    assert "1000" not in invalid.detail


def test_the_detail_has_a_bound():
    names = [f"CUSTOM_{'é' * 200}{number}" for number in range(9)]
    sent = request(document=dict.fromkeys(names, 1), query=[("name", "é" * 500)])
    sentences = [
        f"Conflicting resource provider name: {'é' * 500} already exists.",
        f"Malformed consumer_uuid: {'é' * 200_000}",
        "JSON does not validate: x  Failed validating 'additionalProperties' in schema"
        + "['properties']" * 9000
        + ":  On instance:",
    ]
    for sentence in sentences:
        assert len(public_error(upstream(400, sentence), sent).detail.encode()) <= 2048


@pytest.mark.parametrize(
    "start",
    [
        "No resource provider with uuid ",
        "Conflicting resource provider uuid: , name: ",
        "Unable to create allocation for '' on resource provider '",
        "update conflict: ",
        "JSON does not validate: ",
        "JSON does not validate:   Failed validating 'additionalProperties' in schema",
        "  On instance",
        "['a']",
    ],
)
def test_hostile_text_takes_no_time(start):
    error = upstream(409, start * (200_000 // len(start)))
    sent = request(document={f"CUSTOM_{number}": number for number in range(10_000)})

    began = time.process_time()
    public_error(error, sent)

    assert time.process_time() - began < 2


# --- nothing that the client did not send


def strings_in(value):
    """Each string of a JSON value, with a function that makes the value anew with another in it."""
    if isinstance(value, str):
        yield value, lambda new: new
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for text, rebuild in strings_in(item):
                yield (
                    text,
                    lambda new, i=index, make=rebuild: [*value[:i], make(new), *value[i + 1 :]],
                )
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (
                key,
                lambda new, k=key: {(new if k == name else name): v for name, v in value.items()},
            )
            for text, rebuild in strings_in(item):
                yield text, lambda new, k=key, make=rebuild: {**value, k: make(new)}


@settings(deadline=None)
@given(data=st.data(), secret=st.uuids(version=4), dashes=st.booleans())
def test_a_secret_in_a_captured_answer_never_comes_out(data, secret, dashes):
    token = str(secret) if dashes else f"S{secret.hex}"
    row = data.draw(st.sampled_from(JSON_SHAPED))
    text, rebuild = data.draw(st.sampled_from(list(strings_in(row["response"]["body"]))))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    body = rebuild(text[:start] + token + text[end:])

    error = UpstreamError(row["response"]["status"], "application/json", json.dumps(body).encode())

    assert token.encode() not in as_sent(public_error(error, request_of(row)))
    assert secret.hex.encode() not in as_sent(public_error(error, request_of(row)))


@settings(deadline=None)
@given(data=st.data(), secret=st.integers(min_value=10**9, max_value=10**12))
def test_a_secret_number_in_place_of_a_word_never_comes_out(data, secret):
    row = data.draw(
        st.sampled_from([row for row in JSON_SHAPED if "errors" in row["response"]["body"]])
    )
    first = row["response"]["body"]["errors"][0]
    words = [*re.finditer(r"\w+", first["detail"])] or [re.match("", "")]
    word = data.draw(st.sampled_from(words))
    detail = first["detail"][: word.start()] + str(secret) + first["detail"][word.end() :]
    body = json.dumps({"errors": [{**first, "detail": detail}]}).encode()

    public = public_error(UpstreamError(first["status"], "", body), request_of(row))

    assert str(secret).encode() not in as_sent(public)
