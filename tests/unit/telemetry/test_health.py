from __future__ import annotations

import ipaddress
import json
import os
import re

import pytest
import webob
from oslo_policy import policy

from docs_from_code import ROOT
from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.watch import PolicyWatch
from policy_proxy.telemetry.health import Health
from policy_proxy.telemetry.readiness import Readiness

THIS_HOST = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("2001:db8::/32"))


def app(environ, start_response):
    start_response("404 Not Found", [])
    return [b"the chain"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text('"things:show": "role:reader"\n')
    return path


@pytest.fixture
def watch(file):
    settings = PolicySettings(
        file=str(file),
        dirs=(),
        default_rule="default",
        enforce_new_defaults=True,
        watch_interval=60,
        require_file=True,
    )
    return PolicyWatch(settings, lambda: [policy.RuleDefault("things:show", "role:admin")])


@pytest.fixture
def asked(watch):
    def ask(
        looks=None,
        path="/healthcheck",
        method="GET",
        address="127.0.0.1",
        lost=0,
        refusing=False,
        **more,
    ):
        readiness = Readiness({"policy": watch.missing, **(looks or {})}, 60)
        readiness.look()
        health = Health(app, readiness, watch, None, lambda: lost, THIS_HOST, lambda: refusing)
        request = webob.Request.blank(path, method=method, environ={"REMOTE_ADDR": address, **more})
        return request.get_response(health)

    return ask


def test_it_is_ready_when_nothing_fails(asked, watch):
    watch.load_now()

    assert asked().status_int == 200
    assert asked().json == {"ready": True, "reasons": []}
    assert asked().headers["Cache-Control"] == "no-store"


def test_what_fails_is_named_without_internals(asked, caplog):
    def broken():
        raise ValueError("s3cret")

    answer = asked({"keystone": broken, "backend": lambda: "10.0.0.7"})

    assert answer.status_int == 503
    assert answer.json == {
        "ready": False,
        "reasons": [
            "policy is not loaded",
            "the identity service does not answer",
            "the service behind this proxy does not answer",
        ],
    }
    assert "s3cret" in caplog.text


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/healthcheck/", "GET"),
        ("/Healthcheck", "GET"),
        ("/healthcheck", "POST"),
        ("/healthcheck", "HEAD"),
        ("/x", "GET"),
        ("/healthcheck%0a", "GET"),
    ],
)
def test_only_the_exact_path_and_method_answer(asked, path, method):
    assert asked(path=path, method=method).status_int == 404


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ("/healthcheck", True),
        ("/healthcheck?detailed=1", True),
        ("/placement/healthcheck?x=//", True),
        ("//healthcheck", False),
        ("/x/../healthcheck", False),
        ("/./healthcheck", False),
        ("/health%63heck", False),
    ],
)
def test_only_what_was_sent_as_this_path_is_answered(asked, watch, name, sent, answers):
    watch.load_now()

    assert asked(**{name: sent}).status_int == (200 if answers else 404)


def test_files_that_are_refused_are_a_warning_while_the_last_good_policy_is_in_force(
    asked, watch, file
):
    watch.load_now()
    file.write_text('"things:show": no\n')
    watch.load_now()

    answer = asked()

    assert answer.status_int == 200
    assert answer.json["warnings"] == [
        "newer policy files are refused, the last good policy is in force"
    ]
    assert str(file) not in answer.text


def test_audit_records_that_are_missing_are_a_warning_and_counted_for_the_trusted(asked, watch):
    watch.load_now()

    assert "warnings" not in asked().json
    assert asked(path="/healthcheck?detailed=1").json["audit"] == {"lost": 0}

    answer = asked(path="/healthcheck?detailed=1", lost=3)

    assert answer.status_int == 200
    assert answer.json["warnings"] == ["audit records could not be written where they should be"]
    assert answer.json["audit"] == {"lost": 3}
    assert asked(lost=3).json["warnings"] == answer.json["warnings"]
    assert "audit" not in asked(lost=3).json


def test_requests_that_are_refused_since_they_cannot_be_recorded_are_a_warning(asked, watch):
    watch.load_now()
    answer = asked(refusing=True)

    assert answer.status_int == 200
    assert answer.json["warnings"] == [
        "requests that must be recorded are refused, since audit records cannot be written"
    ]


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::ffff:127.0.0.1", True),
        ("2001:db8::7", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2001:db9::7", False),
        ("", False),
        ("unix:", False),
        ("127.0.0.1, 10.0.0.1", False),
    ],
)
def test_details_are_for_those_who_are_trusted(asked, watch, address, trusted):
    watch.load_now()

    answer = asked(path="/healthcheck?detailed=1", address=address)

    assert answer.status_int == 200
    assert ("policy" in answer.json) is trusted


@pytest.mark.parametrize("query", ["", "?detailed", "?detailed=0", "?detailed=1&x=1", "?x=1"])
def test_details_are_given_to_who_asks_for_them(asked, watch, query):
    watch.load_now()

    assert "policy" not in asked(path=f"/healthcheck{query}").json


def test_the_details_follow_the_policy(asked, watch, file):
    def details():
        return asked(path="/healthcheck?detailed=1").json["policy"]

    assert details() | {"since": ""} == {
        "state": "not loaded",
        "since": "",
        "revision": None,
        "taken_at": None,
    }

    watch.load_now()
    good = details()
    assert good["state"] == "in force"
    assert good["revision"] == watch.current.revision

    file.write_text('"things:show": no\n')
    watch.load_now()
    refused = details()
    assert refused["state"] == "refused"
    assert refused["revision"] == good["revision"] != refused["refused_revision"]
    assert refused["taken_at"] == good["taken_at"]
    assert refused["since"] >= good["since"]
    assert re.search(rf"{file}:1: rule 'things:show' .+ \[PP108\]", refused["because"][0])

    file.write_text('"things:show": "role:reader"\n')
    watch.load_now()
    assert details()["state"] == "in force"
    assert "because" not in details()


def test_the_worker_that_answers_is_named(asked):
    assert asked(path="/healthcheck?detailed=1").json["worker"] == os.getpid()


def test_the_documentation_shows_what_is_answered(asked, watch, file):
    watch.load_now()
    file.write_text('"things:show": no\n')
    watch.load_now()
    answer = asked(path="/healthcheck?detailed=1").json
    documented = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")
    shown = json.loads(re.search(r"```json\n(.+?)```", documented, re.DOTALL)[1])

    assert list(shown) == list(answer)
    assert list(shown["policy"]) == list(answer["policy"])
    assert shown["warnings"] == answer["warnings"]
    assert shown["audit"] == answer["audit"]
    for warning in asked(lost=1, refusing=True).json["warnings"]:
        assert f"`{warning}`" in documented
    assert [len(shown["policy"][name]) for name in ("revision", "since", "taken_at")] == [
        len(answer["policy"][name]) for name in ("revision", "since", "taken_at")
    ]
