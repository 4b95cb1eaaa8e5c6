from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
import webob
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission import query
from policy_proxy.errors import Malformed

VISIBLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
PIECES = st.sampled_from(["a", "=", "&", ";", "+", "%", "%3D", "%26", "%3B", "%00", "%C3%A9", "é"])


def as_webob_reads(text: str) -> list[tuple[str, str]]:
    return list(webob.Request({"QUERY_STRING": text}).GET.items())


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        ("", ()),
        ("a=1", (("a", "1"),)),
        ("a=1&&b=2&", (("a", "1"), ("b", "2"))),
        ("a", (("a", ""),)),
        ("a=b=c", (("a", "b=c"),)),
        ("b=2&a=1&b=1", (("b", "2"), ("a", "1"), ("b", "1"))),
        ("a=x+y%20z%2B", (("a", "x y z+"),)),
        ("name=%e2%98%83", (("name", "\N{SNOWMAN}"),)),
        ("name=in:A,B!C", (("name", "in:A,B!C"),)),
        ("a=%26b%3D%3B", (("a", "&b=;"),)),
    ],
)
def test_pairs_in_the_order_in_which_they_came(raw, pairs):
    assert query.parse(raw) == pairs


@pytest.mark.parametrize(
    "raw",
    [
        "project_id=mine&consumer_type=all;project_id=theirs",
        ";",
        "a=%",
        "a=%4",
        "a=%zz",
        "a=%u0041",
        "a=\x00",
        "a=b c",
        "a=\t",
        "a=\r\nX-Roles: admin",
        "a=\xe9",
        "a=\N{SNOWMAN}",
        "a=%00",
        "a=%0A",
        "a=%0d%0a",
        "%0a=1",
        "a=%7F",
        "a=%C2%85",
        "a=%ff",
        "a=%c0%af",
        "a=%ed%a0%80",
        "a=%e2%98",
        "%ff=1",
    ],
)
def test_what_has_two_readings_has_none(raw):
    with pytest.raises(Malformed, match="Invalid query string parameters"):
        query.parse(raw)


@given(st.lists(st.tuples(VISIBLE, VISIBLE), max_size=5))
def test_every_parser_reads_the_canonical_query_as_we_do(pairs):
    canonical = query.canonical(tuple(pairs))
    assert canonical.isascii()
    assert query.parse(canonical) == tuple(pairs)
    assert as_webob_reads(canonical) == pairs
    assert parse_qsl(canonical, keep_blank_values=True) == pairs


@given(st.lists(PIECES, max_size=12).map("".join))
def test_webob_reads_what_we_read_in_what_we_let_in(raw):
    try:
        pairs = query.parse(raw)
    except Malformed:
        return
    assert as_webob_reads(raw) == list(pairs)


def test_one_pair_more_than_is_taken_is_refused_before_it_is_decoded():
    assert len(query.parse("&".join(["a"] * query.MOST_PAIRS))) == query.MOST_PAIRS
    with pytest.raises(Malformed, match="more than 1000"):
        query.parse("&".join(["%61"] * (query.MOST_PAIRS + 1)))
