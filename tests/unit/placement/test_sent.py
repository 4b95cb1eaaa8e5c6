from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_proxy.model import Operation, Request
from policy_proxy.placement.sent import sent_among

A_UUID = "5f0c3f3e-2a5c-4f0e-9d43-0d6f6b5a7a11"

SENT = Request(
    operation=Operation(rule="r", method="PUT", template="/allocations/{consumer_uuid}"),
    method="PUT",
    path="/allocations/c1",
    params={"consumer_uuid": "c1"},
    query=(
        ("resources_COMPUTE", "VCPU:2, DISK_GB:-5"),
        ("member_of1", "!in:agg1,agg2"),
        ("required", "!CUSTOM_A"),
    ),
    microversion="1.39",
    document={
        "key": ["leaf", 7, 1.5, None, True, {"deep key": A_UUID.upper().replace("-", "")}],
        "huge": 10**5000,
    },
)


@pytest.mark.parametrize(
    "value",
    [
        *("c1", "1.39", "resources_COMPUTE", "_COMPUTE", "VCPU:2, DISK_GB:-5", "VCPU:2", "VCPU"),
        *("2", "DISK_GB", "-5", "member_of1", "1", "!in:agg1", "agg1", "agg2", "CUSTOM_A"),
        *("!CUSTOM_A", "key", "leaf", "7", "1.5", "None", "True", "deep key", A_UUID),
    ],
)
def test_what_was_sent_is_found(value):
    assert sent_among({value, "other"}, SENT) == {value}


@pytest.mark.parametrize("value", ["c", "c11", "VC", "leaf ", "8", "0", "PUT", "/allocations/c1"])
def test_what_was_not_sent_whole_is_not(value):
    assert sent_among({value}, SENT) == frozenset()


def test_without_a_request_nothing_was_sent():
    assert sent_among({"c1"}, None) == frozenset()


@settings(deadline=None)
@given(st.uuids())
def test_every_spelling_of_a_uuid_that_placement_normalises_is_the_same(value):
    spellings = {str(value), value.hex, str(value).upper(), value.hex.upper()}
    for spelling in spellings:
        sent = Request(SENT.operation, "PUT", "/x", {"consumer_uuid": spelling}, (), "")
        assert sent_among(spellings, sent) == spellings
        assert sent_among({str(uuid.uuid4())}, sent) == frozenset()
