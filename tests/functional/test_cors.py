"""`[cors]`: oslo.middleware's, around the whole chain."""

from __future__ import annotations

import pytest

ORIGIN = "https://dashboard.example"


@pytest.fixture
def cors_proxy(make_proxy, recorder):
    options = f"[cors]\nallowed_origin = {ORIGIN}\nallow_headers = openstack-api-version"
    return make_proxy(recorder, options=options)


def test_a_preflight_is_answered_and_not_forwarded(cors_proxy, recorder):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "openstack-api-version",
    }
    answer = cors_proxy.ask("OPTIONS", "/resource_providers", grant=None, headers=headers)
    assert answer.status_int == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Headers"] == "openstack-api-version"
    assert not [raw for raw in recorder.requests if b"OPTIONS" in raw]
    assert [record["outcome"] for record in cors_proxy.records()] == ["rejected"]


@pytest.mark.parametrize(("target", "status"), [("/traits", 200), ("/nothing", 404)])
def test_answers_and_errors_carry_the_headers(cors_proxy, target, status):
    answer = cors_proxy.ask("GET", target, headers={"Origin": ORIGIN})
    assert answer.status_int == status
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]


def test_a_401_carries_them_too(cors_proxy):
    answer = cors_proxy.ask("GET", "/traits", grant=None, headers={"Origin": ORIGIN})
    assert answer.status_int == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["WWW-Authenticate"].startswith("Keystone ")


def test_another_origin_gets_none(cors_proxy):
    answer = cors_proxy.ask("GET", "/traits", headers={"Origin": "https://evil.example"})
    assert answer.status_int == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_the_section_there_is_no_cors(proxy):
    answer = proxy.ask("GET", "/traits", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert proxy.ask("OPTIONS", "/traits", headers={"Origin": ORIGIN}).status_int == 405
