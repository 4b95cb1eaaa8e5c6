from __future__ import annotations

import pytest
import webob.acceptparse
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission.accept import admits_json

RANGES = st.sampled_from(
    [
        "application/json",
        "Application/JSON",
        "application/json;version=2",
        "application/*",
        "application/*; charset=utf-8",
        "*/*",
        "*/* ; level=1",
        "text/html",
        "text/*",
        "application/xhtml+xml",
    ]
)
WEIGHTS = st.sampled_from(
    ["", ";q=1", ";q=0", "; q=0.0", ";Q=0.001", ";q=0.8", "; q=1.000", ";q=0;ext=1", ";q=1;ext"]
)
BROKEN = st.sampled_from(["json", ";q=1", "a/b/c", "*", "text/html;q=2", "a b/c", "a/b;q=0.1234"])
ELEMENTS = st.tuples(RANGES, WEIGHTS).map("".join)
HEADERS = st.lists(st.one_of(ELEMENTS, ELEMENTS, ELEMENTS, BROKEN), max_size=4)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "*/*",
        "application/json",
        "application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html, application/json;q=0.1",
        "not a media type",
    ],
)
def test_json_will_do(header):
    assert admits_json(header)


@pytest.mark.parametrize(
    "header",
    [
        "text/plain",
        "text/html,application/xhtml+xml,application/xml;q=0.9",
        "application/json;q=0",
        "application/json;q=0, */*",
        "application/*;q=0.000, */*;q=1",
        "application/json;version=2",
        ",",
    ],
)
def test_json_will_not_do(header):
    assert not admits_json(header)


@given(HEADERS.map(", ".join))
def test_the_service_would_say_the_same(header):
    parsed = webob.acceptparse.create_accept_header(header)
    # Placement takes an empty header for none at all
    excluded = header and parsed and not parsed.acceptable_offers(["application/json"])
    assert admits_json(header) is not bool(excluded)
