"""The whole chain around an application of the same process, which stands in Placement's place."""

from __future__ import annotations

import json
import logging
import tracemalloc

import pytest
import webob

from harness.proxy import ADMIN, READER, Proxy, configuration
from harness.stack import eventually
from policy_proxy.wsgi import filter_factory

CONSUMER = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
JSON = ("Content-Type", "application/json")


class App:
    """Does what `does` says: an answer `(status, headers, body)`, or an exception to raise."""

    def __init__(self):
        self.environs = []
        self.does = ("200 OK", [JSON], [b"{}"])

    def __call__(self, environ, start_response):
        self.environs.append(environ)
        if isinstance(self.does, Exception):
            raise self.does
        status, headers, body = self.does
        start_response(status, headers)
        return body


@pytest.fixture
def app():
    return App()


@pytest.fixture
def guarded(app, tmp_path, keystone, keystone_url, password):
    """The chain as `filter_factory` puts it around `app`: no backend is configured."""
    path = configuration(
        tmp_path,
        backend="",
        keystone=keystone_url,
        password=password,
        options="[server]\npublic_url = http://placement.example",
    )
    text = path.read_text()
    path.write_text(text[text.index("[audit]") :])
    chain = filter_factory({}, config_file=str(path))(app).opened()
    yield Proxy(chain, keystone, tmp_path)
    chain.close()


def test_what_is_not_allowed_does_not_reach_the_application(guarded, app):
    assert guarded.ask("GET", "/resource_providers", grant=READER).status_int == 403
    assert guarded.ask("GET", "/resource_providers", grant=None).status_int == 401
    assert guarded.ask("GET", "/resource_providers/%0A").status_int == 404
    assert guarded.ask("HEAD", "/resource_providers").status_int == 405
    assert app.environs == []


def test_the_application_gets_what_was_understood(guarded, app):
    document = {"allocations": {}, "project_id": "p", "user_id": "u", "consumer_generation": None}
    guarded.ask(
        "PUT",
        f"/allocations/{CONSUMER.upper()}",
        document=document,
        headers={
            "OpenStack-API-Version": "compute 2.1, placement 1.28",
            "X-Roles": "admin",
            "X-User-Id": "root",
            "OpenStack-System-Scope": "all",
            "X-Forwarded-Host": "evil.example",
            "Accept": "*/*",
        },
    )
    (environ,) = app.environs
    assert environ["PATH_INFO"] == f"/allocations/{CONSUMER}"
    assert environ["HTTP_OPENSTACK_API_VERSION"] == "placement 1.28"
    assert guarded.keystone.read(environ["HTTP_X_AUTH_TOKEN"]) == ADMIN
    body = environ["wsgi.input"].read()
    assert json.loads(body) == document
    assert environ["CONTENT_LENGTH"] == str(len(body))
    assert {name for name in environ if name.startswith("HTTP_")} == {
        "HTTP_ACCEPT",
        "HTTP_OPENSTACK_API_VERSION",
        "HTTP_X_AUTH_TOKEN",
        "HTTP_X_OPENSTACK_REQUEST_ID",
    }


def test_a_large_answer_is_not_copied(guarded, app):
    large = b'"' + b"x" * (64 * 1024 * 1024) + b'"'
    app.does = ("200 OK", [JSON, ("Content-Length", str(len(large)))], [large])
    sent = []
    request = webob.Request.blank("/resource_providers")
    request.headers["X-Auth-Token"] = guarded.keystone.issue(ADMIN)
    guarded.ask("GET", "/resource_providers", grant=READER)  # imports what it needs
    tracemalloc.start()
    body = guarded.app(request.environ, lambda *started: sent.append(started[0]))
    assert [piece is large for piece in body] == [True]
    assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    tracemalloc.stop()
    assert sent == ["200 OK"]


@pytest.mark.parametrize(
    "does",
    [
        RuntimeError("SELECT secret FROM inside"),
        ("500 Internal Server Error", [JSON], [b'{"errors": [{"detail": "SELECT secret FROM"}]}']),
        ("503 Service Unavailable", [("Content-Type", "text/html")], [b"<h1>SELECT secret</h1>"]),
    ],
)
def test_a_failure_of_the_application_says_nothing_of_the_inside(guarded, app, does, caplog):
    app.does = does
    with caplog.at_level(logging.ERROR):
        answer = guarded.ask("GET", "/resource_providers")
    assert answer.status_int >= 500
    (error,) = answer.json["errors"]
    assert error["status"] == answer.status_int
    assert error["request_id"] == answer.headers["X-Openstack-Request-Id"]
    assert "SELECT" not in answer.text
    logged = [record.getMessage() + str(record.exc_info) for record in caplog.records]
    assert any("SELECT secret" in line and error["request_id"] in line for line in logged)
    (record,) = guarded.records()
    assert (record["status"], record["request_id"]) == (answer.status_int, error["request_id"])
    assert record["outcome"] == ("error" if isinstance(does, Exception) else "allowed")


def test_the_log_repeats_no_token_that_the_application_quotes(guarded, app, caplog):
    token = guarded.keystone.issue(ADMIN)
    app.does = ("400 Bad Request", [("Content-Type", "text/plain")], [f"{token}?".encode()])
    with caplog.at_level(logging.INFO):
        guarded.ask("GET", "/resource_providers", grant=None, headers={"X-Auth-Token": token})
    assert "(a token)" in caplog.text
    assert token not in caplog.text


def test_a_location_is_the_public_one(guarded, app):
    app.does = ("201 Created", [("Location", "http://10.0.0.7/traits/CUSTOM_A")], [b""])
    answer = guarded.ask("PUT", "/traits/CUSTOM_A")
    assert answer.headers["Location"] == "http://placement.example/traits/CUSTOM_A"


def test_a_token_that_only_the_application_refuses_sends_the_client_to_our_keystone(guarded, app):
    inside = ("WWW-Authenticate", 'Keystone uri="http://inside:5000"')
    app.does = ("401 Unauthorized", [inside, ("Content-Type", "text/plain")], [b"no"])
    answer = guarded.ask("GET", "/resource_providers")
    assert answer.status_int == answer.json["errors"][0]["status"] == 401
    assert "keystone.example" in answer.headers["WWW-Authenticate"]
    assert "inside" not in answer.headers["WWW-Authenticate"]
    (record,) = guarded.records()
    assert (record["outcome"], record["status"]) == ("rejected", 401)


def test_readiness_is_that_of_policy_and_keystone(guarded, app):
    def ready():
        return guarded.ask("GET", "/healthcheck", grant=None).json["ready"]

    eventually(ready)
    assert app.environs == []
