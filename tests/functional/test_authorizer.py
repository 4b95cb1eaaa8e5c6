"""What a front end is told of the requests that it asks about; nothing reaches a backend."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack

import pytest
import webob

from functional.conftest import valid
from harness.asked import Authorizer, section
from harness.proxy import ADMIN, READER, configuration
from harness.stack import eventually

UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
FRONT_ENDS = ("nginx", "envoy", "caddy", "traefik")


@pytest.fixture
def make(tmp_path, keystone, keystone_url, password):
    """An authorizer for a front end; further words are options of its section."""
    with ExitStack() as built:

        def make(front_end, policy="{}\n", options="", **more):
            (tmp_path / "policy.yaml").write_text(policy)
            path = configuration(
                tmp_path,
                backend="http://nowhere.invalid",
                keystone=keystone_url,
                password=password,
                options=f"{options}\n{section(front_end, **more)}",
            )
            authorizer = Authorizer.built(path, keystone)
            built.callback(valid, authorizer)
            built.callback(authorizer.app.close)
            return authorizer

        yield make


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_what_policy_allows_is_answered_with_nothing_but_yes(make, front_end):
    authorizer = make(front_end)
    answer = authorizer.ask("GET", f"/resource_providers/{UUID}?a=1")
    assert (answer.status_int, answer.body) == (200, b"")
    (record,) = authorizer.records()
    told = {"X-Policy-Proxy-Target"} if front_end == "nginx" else set()
    assert set(answer.headers) == {"Content-Length", "X-Openstack-Request-Id"} | told
    assert answer.headers["X-Openstack-Request-Id"] == record["request_id"]
    assert record["operation"] == "placement:resource_providers:show"
    assert (record["method"], record["path"]) == ("GET", f"/resource_providers/{UUID}")
    assert (record["outcome"], record["status"]) == ("allowed", 200)
    assert (record["credentials"], record["client"]) == ("caller", "127.0.0.1")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@pytest.mark.parametrize(
    ("method", "target", "grant", "status"),
    [
        ("GET", "/traits", READER, 403),
        ("GET", "/traits", None, 401),
        ("GET", "/nothing", ADMIN, 404),
        ("PATCH", "/traits", ADMIN, 405),
        ("POST", "/resource_providers", ADMIN, 415),
        ("GET", "/usages?project_id=a;b", ADMIN, 400),
    ],
)
def test_a_refusal_is_the_one_that_a_client_of_the_proxy_gets(
    make, front_end, method, target, grant, status
):
    authorizer = make(front_end)
    answer = authorizer.ask(method, target, grant=grant)
    assert answer.status_int == status
    assert answer.json["errors"][0]["status"] == status
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)
    assert (status == 405) == ("Allow" in answer.headers)
    (record,) = authorizer.records()
    assert (record["method"], record["path"]) == (method, target.partition("?")[0])
    assert (record["status"], record["credentials"]) == (status, "")
    told = answer.headers.get("X-Policy-Proxy-Refusal")
    assert (told == answer.text) if front_end == "nginx" else (told is None)


LOOKS_AT_BODY = '"placement:allocations:update": "role:admin and project_id:%(project_id)s"\n'
CONSUMER = f"/allocations/{UUID}"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_policy_that_looks_at_bodies_is_not_put_in_force(make, front_end, caplog):
    authorizer = make(front_end, policy=LOOKS_AT_BODY)
    assert authorizer.ask("GET", "/traits").status_int == 503
    assert "policy.yaml:1: rule 'placement:allocations:update' names %(project_id)s" in caplog.text
    health = webob.Request.blank("/healthcheck").get_response(authorizer.app)
    assert health.json["reasons"] == ["policy is not loaded"]


def test_on_reload_the_last_good_policy_stays(make, tmp_path, caplog):
    authorizer = make("nginx", policy='"placement:traits:list": "role:admin"\n')
    (tmp_path / "policy.yaml").write_text(LOOKS_AT_BODY)
    authorizer.app.reload()
    eventually(lambda: "policy.yaml:1: rule 'placement:allocations:update'" in caplog.text)
    assert authorizer.ask("GET", "/traits").status_int == 200
    assert authorizer.ask("GET", "/traits", grant=READER).status_int == 403


def with_body(owner, partial="false"):
    body = json.dumps({"allocations": {}, "project_id": owner, "user_id": "u"}).encode()
    said = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    return {"headers": {**JSON, "X-Envoy-Auth-Partial-Body": partial}, "environ": said}


def test_envoy_may_pass_the_body_and_then_it_is_decided(make):
    authorizer = make("envoy", policy=LOOKS_AT_BODY, body="whole")
    own, others = with_body(ADMIN.project), with_body("beta")
    assert authorizer.ask("PUT", CONSUMER, **own).status_int == 200
    assert authorizer.ask("PUT", CONSUMER, **others).status_int == 403
    assert authorizer.ask("PUT", CONSUMER, **with_body(ADMIN.project, "true")).status_int == 400
    assert authorizer.ask("PUT", CONSUMER, headers=JSON).status_int == 403
    assert [record["outcome"] for record in authorizer.records()] == [
        "allowed", "denied", "rejected", "denied",
    ]  # fmt: skip


def test_a_body_that_comes_along_is_read_strictly(make):
    authorizer = make("envoy", body="whole")
    for body in (b'{"name": "a", "name": "b"}', b"[", b'{"name": NaN}'):
        said = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
        headers = {**JSON, "X-Envoy-Auth-Partial-Body": "false"}
        answer = authorizer.ask("POST", "/resource_providers", headers=headers, environ=said)
        assert answer.status_int == 400
    missing = authorizer.ask("POST", "/resource_providers", headers=JSON)
    assert (missing.status_int, missing.json["errors"][0]["detail"]) == (
        400,
        "The body of the request is missing.",
    )


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_who_may_not_ask_is_recorded(make, front_end):
    authorizer = make(front_end, trusted_addresses="10.0.0.0/8")
    assert authorizer.ask("GET", "/traits").status_int == 400
    assert authorizer.ask("GET", "/traits", environ={"REMOTE_ADDR": "10.1.2.3"}).status_int == 200
    assert authorizer.ask("GET", "/traits", environ={"REMOTE_ADDR": ""}).status_int == 400
    assert [(record["client"], record["outcome"]) for record in authorizer.records()] == [
        ("127.0.0.1", "rejected"), ("10.1.2.3", "allowed"), ("", "rejected"),
    ]  # fmt: skip


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@pytest.mark.parametrize(
    "target",
    [
        "/%74raits",
        "/traits?a#b",
        f"/allocations/{UUID.upper()}",
        f"/allocations/{UUID.replace('-', '')}",
    ],
)
def test_what_has_another_spelling_is_refused(make, front_end, target):
    """The front end would forward it as it is."""
    authorizer = make(front_end)
    method = "PUT" if target.startswith("/allocations") else "GET"
    shown = {"RAW_URI": f"/authorize{target}"} if front_end == "envoy" else {}
    answer = authorizer.ask(method, target, headers=JSON, environ=shown)
    assert answer.status_int == 400
    (record,) = authorizer.records()
    assert (record["outcome"], record["method"], record["credentials"]) == ("rejected", method, "")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_headers_that_placement_would_believe_are_refused(make, front_end):
    authorizer = make(front_end)
    answer = authorizer.ask("GET", "/traits", headers={"OpenStack-System-Scope": "all"})
    assert answer.status_int == 400
    twice = {"OpenStack-API-Version": "placement 1.2,placement 1.39"}
    assert authorizer.ask("GET", "/traits", headers=twice).status_int == 400
    two = {"X-Auth-Token": ",".join(authorizer.keystone.issue(grant) for grant in (ADMIN, READER))}
    assert authorizer.ask("GET", "/traits", headers=two).status_int == 401
    assert {record["path"] for record in authorizer.records()} == {"/traits"}


def test_a_browser_s_preflight_is_no_yes(make):
    """Envoy asks with the client's method, and 200 would let OPTIONS through."""
    origin = {"Origin": "http://x", "Access-Control-Request-Method": "GET"}
    assert make("envoy").ask("OPTIONS", "/traits", headers=origin).status_int == 405


def test_a_health_check_is_no_yes_either(make):
    for front_end in FRONT_ENDS:
        assert make(front_end).ask("GET", "/healthcheck").status_int == 404


def test_a_yes_that_cannot_be_recorded_is_none_where_audit_is_strict(make, tmp_path):
    authorizer = make("nginx", options="[audit]\nstrict = writes\ntimeout = 0.3")
    asked = ("PUT", "/traits/CUSTOM_A")
    assert authorizer.ask(*asked).status_int == 200
    intent, record = authorizer.records()
    assert (intent["event"], record["event"]) == ("intent", "request")
    assert intent["request_id"] == record["request_id"]

    (tmp_path / "audit.jsonl").unlink()
    (tmp_path / "audit.jsonl").mkdir()
    assert authorizer.ask(*asked).status_int not in range(200, 300)
    assert authorizer.ask("GET", "/traits").status_int == 200
    (tmp_path / "audit.jsonl").rmdir()
    assert authorizer.ask(*asked).status_int == 200
