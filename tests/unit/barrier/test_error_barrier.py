from __future__ import annotations

import logging

import pytest
import webob

from policy_proxy import errors
from policy_proxy.barrier.error_barrier import ErrorBarrier
from policy_proxy.model import REQUEST_ID, PublicError, Service

ID = "req-6f8f1c3e-0000-4000-8000-000000000000"


def public_error(error, request):
    del request
    return PublicError(error.status, "Rebuilt", "said in public", "placement.undefined_code")


SERVICE = Service(
    type="placement",
    default_code="placement.undefined_code",
    operations=(),
    defaults=list,
    check_params=lambda operation, params: params,
    check_query=lambda operation, pairs: None,
    check_body=lambda operation, document: None,
    target=lambda request, identity: {},
    public_error=public_error,
)


def through(app, method="GET"):
    request = webob.Request.blank("/", method=method, environ={REQUEST_ID: ID})
    return request.get_response(ErrorBarrier(app, SERVICE))


def raising(error):
    def app(environ, start_response):
        raise error

    return app


def answering(status, headers=(), body=b""):
    def app(environ, start_response):
        start_response(status, list(headers))
        return [body]

    return app


def every_refusal():
    found = []
    todo = [errors.Refusal]
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if not kind.__subclasses__():
            found.append(kind)
    return found


@pytest.mark.parametrize("kind", every_refusal())
def test_a_refusal_becomes_its_status_and_nothing_private(kind):
    answer = through(raising(kind("in public", private="s3cret", headers=(("Allow", "GET"),))))
    assert answer.status_int == kind.status
    (error,) = answer.json["errors"]
    assert error == {
        "status": kind.status,
        "title": kind.title,
        "detail": "in public",
        "code": "placement.undefined_code",
        "request_id": ID,
    }
    assert answer.headers["Allow"] == "GET"
    assert answer.content_type == "application/json"
    assert "s3cret" not in answer.text + str(answer.headerlist)


@pytest.mark.parametrize(
    "error", [ValueError("s3cret"), KeyError("s3cret"), RecursionError("s3cret"), TypeError()]
)
def test_whatever_escapes_is_a_500_outside_and_a_traceback_inside(error, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = through(raising(error))
    assert answer.status_int == 500
    assert answer.json["errors"][0]["request_id"] == ID
    assert "s3cret" not in answer.text
    record = next(r for r in caplog.records if ID in r.getMessage())
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_an_error_of_the_service_is_rebuilt_and_logged_as_it_was(caplog):
    leaking = b'{"errors": [{"detail": "SELECT s3cret FROM users"}]}'
    headers = [
        ("Content-Type", "application/json"),
        ("X-Powered-By", "s3cret"),
        ("Set-Cookie", "s3cret"),
        ("OpenStack-API-Version", "placement 1.39"),
    ]
    with caplog.at_level(logging.DEBUG):
        answer = through(answering("500 s3cret", headers, leaking))
    assert answer.status == "500 Rebuilt"
    assert answer.json["errors"][0]["detail"] == "said in public"
    assert answer.headers["OpenStack-API-Version"] == "placement 1.39"
    assert "s3cret" not in answer.text + str(answer.headerlist)
    assert any(ID in r.getMessage() and "SELECT s3cret" in r.getMessage() for r in caplog.records)


def test_an_endless_error_is_not_read_to_its_end():
    closed = []

    class Endless:
        def __iter__(self):
            while True:
                yield b"x" * 4096

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("500 x", [])
        return Endless()

    assert through(app).status_int == 500
    assert closed == [True]


def test_success_passes_with_allowed_headers_only():
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", "2"),
        ("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT"),
        ("Vary", "openstack-api-version"),
        ("X-Backend", "10.0.0.7"),
        ("Server", "Apache"),
        ("Location", "http://proxy/traits/CUSTOM_A\x00"),
    ]
    answer = through(answering("200 OK", headers, b"{}"))
    assert answer.body == b"{}"
    assert [name for name, _ in answer.headerlist] == [
        "Content-Type",
        "Content-Length",
        "Last-Modified",
        "Vary",
    ]


def test_head_gets_no_body():
    answer = through(raising(errors.MethodNotAllowed("no", headers=(("Allow", "GET"),))), "HEAD")
    assert answer.status_int == 405
    assert answer.body == b""


def test_a_broken_stream_breaks_and_is_logged(caplog):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "10")])

        def body():
            yield b"12345"
            raise errors.AnswerBroken("the backend stopped")

        return body()

    answer = through(app)
    with pytest.raises(errors.AnswerBroken):
        b"".join(answer.app_iter)
    assert any(ID in record.getMessage() for record in caplog.records)
