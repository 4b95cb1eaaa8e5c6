"""What an application in the same process is handed, and what becomes of its answer."""

from __future__ import annotations

import pytest

from policy_proxy.errors import BackendFailed, Unauthenticated
from policy_proxy.model import (
    CREDENTIALS_SENT,
    DECISION,
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    TOKENS_SENT,
    Decision,
    Effect,
    Identity,
    Operation,
    Request,
)
from policy_proxy.terminals.wrapped import Wrapped

OPERATION = Operation("x", "GET", "/traits/{name}")
CHALLENGE = (("WWW-Authenticate", "Keystone uri='http://keystone.example'"),)
IDENTIFIED = Identity(user_id="u", token="caller's", service_token="nova's")


def environ_of(**more):
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/traits/A",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8778",
        "wsgi.url_scheme": "http",
        "HTTP_X_AUTH_TOKEN": "caller's",
        REQUEST_ID: "req-1",
        REQUEST: Request(OPERATION, "GET", "/traits/A", {"name": "A"}, (), ""),
        IDENTITY: IDENTIFIED,
        DECISION: Decision("x", Effect.ALLOW),
        **more,
    }


class App:
    """Answers what it is told to, and keeps the environ that it got."""

    def __init__(self, status="200 OK", headers=(), body=None):
        self.status, self.headers, self.body = status, list(headers), body or [b"{}"]

    def __call__(self, environ, start_response):
        self.environ = environ
        start_response(self.status, self.headers)
        return self.body


def asked(app, public_url=None, **more):
    """The environ afterwards, the status, the headers and the body."""
    environ = environ_of(**more)
    started = []
    body = Wrapped(app, (OPERATION,), public_url, CHALLENGE)(
        environ, lambda status, headers, exc_info=None: started.extend((status, headers))
    )
    return environ, *started, body


def test_the_application_gets_the_request_and_nothing_of_the_chain():
    app = App()
    asked(app, HTTP_ORIGIN="http://page.example", **{"webob.adhoc_attrs": {"a": 1}})
    assert app.environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/traits/A",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8778",
        "wsgi.url_scheme": "http",
        "HTTP_X_AUTH_TOKEN": "caller's",
    }


def test_what_the_application_writes_is_not_seen_by_the_chain():
    app = App()
    before = environ_of()
    environ, *_ = asked(app)
    app.environ["HTTP_X_ROLES"] = app.environ[DECISION] = "admin"
    assert environ == before | {CREDENTIALS_SENT: "caller", TOKENS_SENT: ("caller's", "nova's")}


def test_without_an_identity_no_credentials_went_on():
    public = Request(Operation("", "GET", "/", public=True), "GET", "/", {}, (), "")
    environ, *_ = asked(App(), **{REQUEST: public, IDENTITY: None})
    assert (environ[CREDENTIALS_SENT], environ[TOKENS_SENT]) == ("none", ())


@pytest.mark.parametrize("body", [[b"one", b"two"], (piece for piece in (b"one", b"two"))])
def test_the_body_is_the_applications_own(body):
    headers = [("Content-Type", "application/json"), ("Content-Length", "6")]
    _, status, answered, passed = asked(App(headers=headers, body=body))
    assert (status, answered) == ("200 OK", headers)
    assert passed is body


@pytest.mark.parametrize(
    ("given", "more", "ours"),
    [
        ("/traits/B", {}, "http://192.0.2.1:8778/traits/B"),
        ("http://192.0.2.1:8778/traits/B", {}, "http://192.0.2.1:8778/traits/B"),
        ("http://evil.example/traits/B", {}, "http://192.0.2.1:8778/traits/B"),
        ("/p/traits/B", {"SCRIPT_NAME": "/p"}, "http://192.0.2.1:8778/p/traits/B"),
        (
            "http://x/p%20q/traits/B",
            {"SCRIPT_NAME": "/p q"},
            "http://192.0.2.1:8778/p%20q/traits/B",
        ),
        (
            "/traits/B",
            {"public_url": "https://front.example/p"},
            "https://front.example/p/traits/B",
        ),
        ("/etc/passwd", {}, None),
    ],
)
def test_a_location_leads_where_clients_came_in_or_is_dropped(given, more, ours):
    _, _, headers, _ = asked(App("201 Created", [("location", given), ("vary", "a")]), **more)
    assert headers == [("vary", "a"), *([("Location", ours)] if ours else [])]


def test_two_locations_are_none():
    app = App("201 Created", [("location", "/traits/B"), ("Location", "/traits/C")])
    assert asked(app)[2] == []


class Closing(list):
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ([("www-authenticate", "Keystone uri='http://inside'")], Unauthenticated),
        ([("WWW-Authenticate", "Basic realm=x")], BackendFailed),
        ([], BackendFailed),
    ],
)
def test_a_401_of_the_applications_sends_to_keystone_only_whom_keystone_refused(headers, refusal):
    body = Closing([b"unauthorized"])
    with pytest.raises(refusal) as refused:
        asked(App("401 Unauthorized", headers, body))
    assert refused.value.headers == (CHALLENGE if refusal is Unauthenticated else ())
    assert body.closed


def test_what_the_application_raises_is_for_the_barrier():
    def failing(environ, start_response):
        raise LookupError("inside")

    with pytest.raises(LookupError):
        asked(failing)
