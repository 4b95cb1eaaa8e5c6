from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission import strict_json
from policy_proxy.errors import Malformed

DEPTH = 8
STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    STORABLE,
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STORABLE, inner, max_size=3),
    max_leaves=8,
).filter(lambda document: isinstance(document, list | dict))
ESCAPES = st.sampled_from(
    [
        "\\",
        '\\"',
        "\\u0000",
        "\\u0041",
        "\\ud83d",
        "\\ude00",
        "\\uD83D",
        "u0000",
        "a",
        "[",
        '"',
        "]",
    ]
)


def depth_of(document) -> int:
    if isinstance(document, dict):
        document = list(document.values())
    return 1 + max(map(depth_of, document), default=0) if isinstance(document, list) else 0


def strings_in(document) -> list[str]:
    if isinstance(document, str):
        return [document]
    if isinstance(document, dict):
        return [*document, *strings_in(list(document.values()))]
    if isinstance(document, list):
        return [text for item in document for text in strings_in(item)]
    return []


def refusal(body: bytes, depth: int = DEPTH) -> str:
    with pytest.raises(Malformed) as refused:
        strict_json.loads(body, depth)
    return refused.value.detail


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 2]))
def test_documents_come_back_as_they_were(document, ascii_only, indent):
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    assert strict_json.loads(body, depth_of(document)) == document


@given(DOCUMENTS, st.booleans())
def test_one_level_more_than_allowed_is_refused(document, ascii_only):
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    allowed = depth_of(document) - 1
    assert refusal(body, allowed) == (
        f"Malformed JSON: it is nested more than {allowed} levels deep"
    )


@given(st.lists(ESCAPES, max_size=10).map("".join))
def test_a_string_is_taken_if_it_is_json_and_storable(text):
    body = f'{{"k": ["{text}"], "{text}": []}}'.encode()
    try:
        document = json.loads(body)
        "".join(strings_in(document)).encode()
        good = not any("\0" in found for found in strings_in(document))
    except ValueError:  # what is no JSON and what is no Unicode
        good = False
    if good and len(document) == body.count(b":") and depth_of(document) <= DEPTH:
        assert strict_json.loads(body, DEPTH) == document
    elif not good:
        assert refusal(body).startswith("Malformed JSON: ")


@given(
    st.lists(st.sampled_from(["", " ", "a", "a ", "a b", "ab", "b"]), max_size=4),
    st.lists(st.sampled_from(["", " ", "\t", "\r\n  "]), min_size=9, max_size=9),
)
def test_names_that_differ_by_blanks_differ_and_blanks_around_them_do_not_matter(names, blanks):
    members = ",".join(
        f'{before}"{name}"{after}:1'
        for name, before, after in zip(names, blanks[1::2], blanks[2::2], strict=False)
    )
    body = f"{blanks[0]}{{{members}}}".encode()
    if len(set(names)) == len(names):
        assert strict_json.loads(body, 1) == dict.fromkeys(names, 1)
    else:
        assert refusal(body) == "Malformed JSON: an object has two members of the same name"


@given(st.binary(max_size=30))
def test_nothing_but_a_refusal_escapes(body):
    try:
        document = strict_json.loads(body, DEPTH)
    except Malformed:
        return
    assert document == json.loads(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "the body is empty"),
        (b" ", "unexpected content at line 1, column 2"),
        (b"\xef\xbb\xbf{}", "the body begins with a byte order mark"),
        ('{"a": 1}'.encode("utf-16"), "the body is not UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "unexpected content at line 1, column 2"),
        ('{"a": 1}'.encode("utf-32-be"), "unexpected content at line 1, column 1"),
        (b'{"a": "\xff"}', "the body is not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "the body is not UTF-8"),
        (b'{"a": 1, "a": 1}', "an object has two members of the same name"),
        (b'{"x": [{"a": 1, "\\u0061": 2}]}', "an object has two members of the same name"),
        (b'{"a": NaN}', "NaN is no number in JSON"),
        (b'{"a": Infinity}', "Infinity is no number in JSON"),
        (b'{"a": [-Infinity]}', "-Infinity is no number in JSON"),
        (b'{"a": 1e999}', "a number is too large"),
        (b'{"a": -1e999}', "a number is too large"),
        (b'{"a": 9223372036854775808}', "a number is too large"),
        (b'{"a": -9223372036854775809}', "a number is too large"),
        (b'{"a": ' + b"1" * 5000 + b"}", "a number is too large"),
        (
            b'{"a": "\\ud800"}',
            "a string holds a NUL character or half of a surrogate pair",
        ),
        (
            b'{"\\uDC00": 1}',
            "a string holds a NUL character or half of a surrogate pair",
        ),
        (
            b'["\\ud83d\\\\\\ude00"]',
            "a string holds a NUL character or half of a surrogate pair",
        ),
        (
            b'{"a": ["\\u0000"]}',
            "a string holds a NUL character or half of a surrogate pair",
        ),
        (b'{"a": "\x00"}', "unexpected content at line 1, column 8"),
        (b'{"a": "\n"}', "unexpected content at line 1, column 8"),
        (b"{} {}", "unexpected content at line 1, column 4"),
        (b'{"bad", "not json"}', "unexpected content at line 1, column 7"),
        (b'{\n "foo": }', "unexpected content at line 2, column 9"),
        (b'{"a": 01}', "unexpected content at line 1, column 8"),
        (b"{'a': 1}", "unexpected content at line 1, column 2"),
        (b'{"a": 1', "unexpected content at line 1, column 8"),
        (b'"text"', "the body must be an object or a list"),
        (b"7", "the body must be an object or a list"),
        (b"null", "the body must be an object or a list"),
    ],
)
def test_what_is_wrong_is_said_in_our_own_words(body, why):
    assert refusal(body) == f"Malformed JSON: {why}"


@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 500_000, b"[" * 100_000 + b"]" * 100_000, b'["[",' * 50_000],
    ids=["lists", "objects", "closed", "with strings"],
)
def test_endless_nesting_is_refused_and_never_recursed_into(body):
    assert refusal(body).endswith("levels deep")


def test_even_a_reckless_limit_ends_in_a_refusal():
    assert refusal(b"[" * 100_000, 10**6).startswith("Malformed JSON: ")


def test_brackets_in_strings_are_no_nesting():
    body = json.dumps({"[" * 50: '{"[\\' * 50, "b": '"' + "[" * 50}).encode()
    assert len(strict_json.loads(body, 1)) == 2


def test_the_largest_numbers_are_taken():
    assert strict_json.loads(b"[9223372036854775807, -9223372036854775808]", 1) == [
        2**63 - 1,
        -(2**63),
    ]


@pytest.mark.parametrize("value", ["[]", "{}", "0", '{"a":0}'])
def test_one_value_more_than_is_taken_is_refused_before_it_is_parsed(value):
    """Each value follows a comma or a bracket; those within a string only seem to."""
    each = 1 + value.count("{") + value.count("[")
    most = (strict_json.MOST_VALUES - 1) // each
    assert len(strict_json.loads(f"[{','.join([value] * most)}]".encode(), DEPTH)) == most
    assert "values" in refusal(f"[{','.join([value] * (most + 2))}]".encode())
