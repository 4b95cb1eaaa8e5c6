from __future__ import annotations

import json

import pytest
import webob

from policy_proxy.audit.layer import Audit
from policy_proxy.errors import AnswerBroken, Denied, Malformed, NotFound, Unavailable
from policy_proxy.model import (
    DECISION,
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    Decision,
    Effect,
    Identity,
    Operation,
    Request,
)

OPERATION = Operation("placement:traits:list", "GET", "/traits")
REQUESTED = Request(OPERATION, "GET", "/traits", {}, (), "1.39")
ALLOWED = Decision(OPERATION.rule, Effect.ALLOW, "because", "abc", {"trait": "X"})
WHO = Identity(user_id="u", project_id="p", roles=("admin",), token="gAAAA-s3cret")


def run(app, *, consume=True):
    records = []
    request = webob.Request.blank("/traits", environ={REQUEST_ID: "req-1", "REMOTE_ADDR": "::1"})
    _, _, body = request.call_application(Audit(app, records.append))
    if consume:
        b"".join(body)
        close = getattr(body, "close", None)
        if close:
            close()
    return records, body


def allowed_app(body):
    def app(environ, start_response):
        environ[REQUEST] = REQUESTED
        environ[IDENTITY] = WHO
        environ[DECISION] = ALLOWED
        start_response("200 OK", [])
        return body

    return app


def test_the_record_says_who_what_and_how_it_ended():
    records, _ = run(allowed_app([b"{}"]))
    (record,) = records
    assert record["operation"] == "placement:traits:list"
    assert (record["method"], record["path"]) == ("GET", "/traits")
    assert (record["outcome"], record["status"]) == ("allowed", 200)
    assert (record["user_id"], record["project_id"]) == ("u", "p")
    assert record["revision"] == "abc"
    assert record["target"] == {"trait": "X"}
    assert record["duration_ms"] >= 0
    assert "s3cret" not in json.dumps(record)


@pytest.mark.parametrize(
    ("refusal", "outcome", "status"),
    [
        (Malformed("x"), "rejected", 400),
        (Denied("x"), "denied", 403),
        (Unavailable("x"), "error", 503),
        (ValueError("x"), "error", 500),
    ],
)
def test_what_does_not_pass_is_recorded_too(refusal, outcome, status):
    def app(environ, start_response):
        raise refusal

    records = []
    request = webob.Request.blank("/a\x00b\n", environ={REQUEST_ID: "req-1"})
    with pytest.raises(type(refusal)):
        request.call_application(Audit(app, records.append))
    (record,) = records
    assert (record["outcome"], record["status"]) == (outcome, status)
    assert record["operation"] == ""


def test_a_token_in_the_path_is_not_recorded():
    def app(environ, start_response):
        raise NotFound("x")

    records = []
    token = "gAAAAA-s3cret-s3cret"
    request = webob.Request.blank(
        f"/a/{token}/b", environ={REQUEST_ID: "req-1", "HTTP_X_AUTH_TOKEN": f" {token}"}
    )
    request.method = token
    with pytest.raises(NotFound):
        request.call_application(Audit(app, records.append))
    assert (records[0]["method"], records[0]["path"]) == ("(a token)", "/a/(a token)/b")


@pytest.mark.parametrize("header", ["HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"])
def test_a_token_in_what_policy_reads_is_not_recorded(header):
    token = "gAAAAA-s3cret-s3cret"

    def app(environ, start_response):
        target = {"project_id": f"x{token}", "user_id": "u"}
        environ[REQUEST] = REQUESTED
        environ[header] = token
        environ[DECISION] = Decision(OPERATION.rule, Effect.DENY, "because", "abc", target)
        raise Denied("x")

    records = []
    with pytest.raises(Denied):
        webob.Request.blank("/usages", environ={REQUEST_ID: "req-1"}).call_application(
            Audit(app, records.append)
        )
    assert records[0]["target"] == {"project_id": "x(a token)", "user_id": "u"}


def test_a_stream_is_recorded_once_before_its_last_byte():
    records = []

    def chunks():
        yield b"1"
        assert records == []
        yield b"2"

    request = webob.Request.blank("/traits", environ={REQUEST_ID: "req-1"})
    _, _, body = request.call_application(Audit(allowed_app(chunks()), records.append))
    iterator = iter(body)
    assert next(iterator) == b"1"
    assert next(iterator) == b"2"
    assert len(records) == 1
    body.close()
    assert len(records) == 1


def test_a_stream_that_breaks_is_an_error():
    def chunks():
        yield b"1"
        raise AnswerBroken("short")

    with pytest.raises(AnswerBroken):
        run(allowed_app(chunks()))


def test_a_client_that_leaves_is_recorded():
    records, body = run(allowed_app(iter([b"1", b"2"])), consume=False)
    body.close()
    assert [r["outcome"] for r in records] == ["allowed"]
