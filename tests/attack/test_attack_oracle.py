"""The oracle itself: what it must not let pass."""

from __future__ import annotations

import pytest

from attack.case import UUID, Expected
from attack.oracle import Happened, violations
from attack.request import Answered, answers_in

SERVED = Expected("served", frozenset({200}))
REFUSED = Expected("refused", frozenset({400}))
CALLER = ("u", ("reader",))
RAW = (
    f"GET /resource_providers/{UUID} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: t\r\n"
    "OpenStack-API-Version: placement 1.39\r\nX-Openstack-Request-Id: req-1\r\n\r\n"
)
RECORD = {
    "request_id": "req-1",
    "status": 200,
    "outcome": "allowed",
    "credentials": "caller",
    "operation": "placement:resource_providers:show",
    "path": f"/resource_providers/{UUID}",
    "target": {},
    "microversion": "1.39",
    "user_id": "u",
    "roles": ["reader"],
}
USAGES = {**RECORD, "operation": "placement:usages", "path": "/usages"}
ANSWER = Answered(200, {"x-openstack-request-id": "req-1"}, b"{}")
ERROR = Answered(400, {"x-openstack-request-id": "req-1", "content-type": "application/json"}, b"")


def found(expected=SERVED, *, raw=RAW, record=RECORD, answer=ANSWER, received=1, records=1):
    happened = Happened(
        [answer] if answer else [], [raw.encode("latin-1")] * received, [record] * records, CALLER
    )
    return "\n".join(violations(happened, expected))


def test_what_is_as_it_must_be_passes():
    assert found() == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"raw": RAW.replace(UUID, f"{UUID}%0A")}, "decided"),
        ({"raw": RAW.replace("resource_providers", "resource_classes")}, "something else"),
        ({"raw": RAW.replace("resource_providers", "nothing")}, "Placement has no"),
        ({"raw": RAW.replace("GET", "DELETE")}, "something else"),
        ({"raw": RAW.replace(UUID, "00000000" + UUID[8:])}, "decided"),
        ({"raw": RAW.replace("Host", "X-Roles: admin\r\nHost")}, "header field x-roles"),
        ({"raw": RAW.replace("Host", "X-Auth-Token: s\r\nHost")}, "more than once"),
        ({"raw": RAW.replace("1.39", "1.0")}, "microversion"),
        ({"raw": RAW.replace("req-1", "req-2")}, "request ids"),
        ({"raw": RAW.replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\n{}")}, "shorter"),
        ({"received": 2}, "got 2 requests"),
        ({"received": 0}, "got 0 requests"),
        ({"records": 0}, "not recorded"),
        ({"records": 2}, "2 records"),
        ({"record": {**RECORD, "user_id": "admin"}}, "recorded as admin"),
        ({"record": {**RECORD, "roles": ["admin"]}}, "recorded as u"),
        ({"record": {**RECORD, "status": 403}}, "not recorded"),
        ({"answer": None}, "status 0"),
        ({"answer": Answered(200, {}, b"Traceback (most recent call last)")}, "inside"),
        ({"answer": Answered(200, {"server": "http://127.0.0.1:8780"}, b"")}, "inside"),
    ],
)
def test_what_is_not_is_told(changes, said):
    assert said in found(**changes)


def test_a_refusal_that_reached_the_backend_is_told():
    record = {**RECORD, "status": 400}
    error = Answered(400, ERROR.headers, b'{"errors": []}')

    assert "to be refused" in found(REFUSED, record=record, answer=error)
    assert "without errors" in found(
        REFUSED, record=record, answer=Answered(400, ERROR.headers, b"{}")
    )
    plain = {**ERROR.headers, "content-type": "text/html"}
    assert "not JSON" in found(REFUSED, record=record, answer=Answered(400, plain, b"<p>"))


def test_two_projects_are_told():
    record = {**USAGES, "target": {"project_id": "alpha"}}
    raw = RAW.replace(f"/resource_providers/{UUID}", "/usages?project_id=alpha&project_id=beta")

    assert "beta" in found(raw=raw, record=record)


def test_answers_are_read_one_after_the_other():
    heard = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    )

    assert [(a.status, a.body) for a in answers_in(heard)] == [(200, b"{}"), (400, b"x")]
