from __future__ import annotations

import logging

import pytest
import webob

from policy_proxy.telemetry.health import Health
from policy_proxy.telemetry.readiness import Readiness


def app(environ, start_response):
    start_response("404 Not Found", [])
    return [b"the chain"]


def asked(readiness, path="/healthcheck", method="GET"):
    return webob.Request.blank(path, method=method).get_response(Health(app, readiness))


def test_nothing_is_ready_before_the_first_look():
    readiness = Readiness({"policy": lambda: ""}, 60)
    assert asked(readiness).status_int == 503
    readiness.look()
    answer = asked(readiness)
    assert answer.status_int == 200
    assert answer.json == {"ready": True, "reasons": []}


def test_what_fails_is_named_without_internals(caplog):
    def broken():
        raise ValueError("s3cret")

    readiness = Readiness(
        {"policy": lambda: "", "keystone": broken, "backend": lambda: "10.0.0.7"}, 60
    )
    readiness.look()
    answer = asked(readiness)
    assert answer.status_int == 503
    assert answer.json["reasons"] == [
        "the identity service does not answer",
        "the service behind this proxy does not answer",
    ]
    assert "s3cret" not in answer.text
    assert "10.0.0.7" not in answer.text
    assert "s3cret" in caplog.text


def test_a_lasting_failure_is_logged_once(caplog):
    readiness = Readiness({"backend": lambda: "refused"}, 60)
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            readiness.look()
    assert caplog.text.count("refused") == 1


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/healthcheck/", "GET"),
        ("/Healthcheck", "GET"),
        ("/healthcheck", "POST"),
        ("/x", "GET"),
        ("/healthcheck%0a", "GET"),
    ],
)
def test_only_the_exact_path_and_method_answer(path, method):
    readiness = Readiness({}, 60)
    readiness.look()
    assert asked(readiness, path, method).text == "the chain"


def test_it_looks_again_by_itself():
    seen = []
    readiness = Readiness(
        {"x": lambda: seen.append(1) or ("" if len(seen) > 1 else "not yet")}, 0.01
    )
    readiness.start()
    deadline = 500
    while readiness.failing and deadline:
        deadline -= 1
        readiness._stopped.wait(0.01)
    readiness.stop()
    assert readiness.failing == ()
