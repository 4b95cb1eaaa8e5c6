"""What leaves the proxy for the backend, and what comes back from it."""

from __future__ import annotations

import json

import pytest

from harness.keystone import Grant
from harness.proxy import ADMIN, READER
from integration.raw_backend import RawBackend, answering

UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
ALLOWED_OUT = {
    "host",
    "accept",
    "user-agent",
    "x-openstack-request-id",
    "x-auth-token",
    "x-service-token",
    "openstack-api-version",
    "content-type",
    "content-length",
}


def forwarded(backend):
    """The requests that came from clients: the proxy's own look at the backend has no id."""
    return [raw for raw in backend.requests if b"X-Openstack-Request-Id" in raw]


def head(raw):
    first, *lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return first, {n.lower(): v.strip() for n, v in (line.split(":", 1) for line in lines)}


def said(status, body=b"{}", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_allowed_request_reaches_the_backend_once_rebuilt(proxy, recorder):
    spoofed = {
        "X-Roles": "admin",
        "X-User-Id": "root",
        "X-Identity-Status": "Confirmed",
        "X-Is-Admin-Project": "True",
        "OpenStack-System-Scope": "all",
        "X-Trust-Id": "t",
        "Remote-User": "root",
        "X-Storage-Token": "s",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "for=127.0.0.1;host=evil",
        "X-Http-Method-Override": "DELETE",
        "Connection": "X-Auth-Token",
        "Cookie": "a=b",
        "OpenStack-API-Version": "compute 2.1, placement 1.30",
        "Accept": "*/*",
    }
    answer = proxy.ask("GET", f"/resource_providers?name=a%20b&in_tree={UUID}", headers=spoofed)
    assert answer.status_int == 200
    (raw,) = forwarded(recorder)
    first, headers = head(raw)
    assert first == f"GET /resource_providers?name=a%20b&in_tree={UUID} HTTP/1.1"
    assert set(headers) <= ALLOWED_OUT
    assert headers["openstack-api-version"] == "placement 1.30"
    assert headers["accept"] == "application/json"
    assert headers["x-openstack-request-id"] == answer.headers["X-Openstack-Request-Id"]
    (record,) = proxy.records()
    assert record["request_id"] == headers["x-openstack-request-id"]
    assert record["outcome"] == "allowed"
    assert record["credentials"] == "caller"


@pytest.mark.parametrize(
    ("method", "target", "grant", "status", "outcome"),
    [
        ("GET", "/resource_providers", None, 401, "rejected"),
        ("GET", "/resource_providers", READER, 403, "denied"),
        ("DELETE", f"/resource_providers/{UUID}", READER, 403, "denied"),
        ("POST", "/reshaper", ADMIN, 403, "denied"),
        ("GET", "/resource_providers", Grant("root", ("admin",), system=True), 403, "denied"),
        ("GET", "/nothing", ADMIN, 404, "rejected"),
        ("PATCH", "/resource_providers", ADMIN, 405, "rejected"),
        ("OPTIONS", "/resource_providers", ADMIN, 405, "rejected"),
        ("HEAD", "/resource_providers", ADMIN, 405, "rejected"),
        ("GET", "/usages?project_id=alpha;project_id=beta", READER, 400, "rejected"),
        ("GET", "/usages?project_id=beta", READER, 403, "denied"),
        ("GET", "/usages", READER, 403, "denied"),
    ],
)
def test_a_refused_request_never_reaches_it(
    proxy, recorder, method, target, grant, status, outcome
):
    document = {"inventories": {UUID: {}}, "allocations": {}} if method == "POST" else None
    answer = proxy.ask(method, target, grant=grant, document=document)
    assert answer.status_int == status
    assert forwarded(recorder) == []
    (record,) = proxy.records()
    assert (record["outcome"], record["status"]) == (outcome, status)
    if method != "HEAD":
        (error,) = answer.json["errors"]
        assert error["status"] == status
        assert error["request_id"] == answer.headers["X-Openstack-Request-Id"]
        assert {"title", "code", "detail"} <= set(error)
        assert "placement:" not in answer.text


def test_a_reader_sees_the_usage_of_the_own_project(proxy, recorder):
    assert proxy.ask("GET", "/usages?project_id=alpha", grant=READER).status_int == 200
    assert head(forwarded(recorder)[0])[0] == "GET /usages?project_id=alpha HTTP/1.1"


def test_version_discovery_carries_no_credentials(proxy, recorder):
    assert proxy.ask("GET", "/").status_int == 200
    (raw,) = forwarded(recorder)
    assert "x-auth-token" not in head(raw)[1]
    assert proxy.records()[0]["credentials"] == "none"


@pytest.mark.parametrize("path", ["/", ""])
def test_where_the_proxy_is_mounted_is_where_the_version_document_is(proxy, recorder, path):
    environ = {"SCRIPT_NAME": "/placement", "PATH_INFO": path}
    assert proxy.ask("GET", "/", grant=None, environ=environ).status_int == 200
    assert recorder.requests[-1].startswith(b"GET / HTTP/1.1\r\n")


def test_a_body_arrives_as_it_was_sent(proxy, recorder):
    document = {"resource_provider_generation": 1, "inventories": {"VCPU": {"total": 8}}}
    target = f"/resource_providers/{UUID}/inventories"
    assert proxy.ask("PUT", target, document=document).status_int == 200
    (raw,) = forwarded(recorder)
    assert json.loads(raw.partition(b"\r\n\r\n")[2]) == document
    assert head(raw)[1]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("http://backend:1/traits/CUSTOM_A", "http://localhost:80/traits/CUSTOM_A"),
        ("http://evil.example/admin", None),
        ("/traits/CUSTOM_A", "http://localhost:80/traits/CUSTOM_A"),
    ],
)
def test_location_points_where_the_client_came_in(make_proxy, given, seen):
    with RawBackend(answering(said("201 Created", b"", f"Location: {given}"))) as backend:
        proxy = make_proxy(backend)
        answer = proxy.ask("PUT", "/traits/CUSTOM_A", headers={"Host": "evil.example"})
    assert answer.status_int == 201
    assert answer.headers.get("Location") == seen


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary"])
def test_a_redirect_is_neither_followed_nor_passed_on(make_proxy, status):
    with RawBackend(answering(said(status, b"", "Location: http://127.0.0.1:1/"))) as backend:
        answer = make_proxy(backend).ask("GET", "/traits")
        assert len(forwarded(backend)) == 1
    assert answer.status_int == 502
    assert "Location" not in answer.headers


def test_a_revoked_token_sends_the_client_to_keystone(make_proxy):
    challenge = 'WWW-Authenticate: Keystone uri="http://10.0.0.7:5000"'
    with RawBackend(answering(said("401 Unauthorized", b"{}", challenge))) as backend:
        answer = make_proxy(backend).ask("GET", "/traits")
    assert answer.status_int == 401
    assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://keystone.example/v3"'
    assert answer.json["errors"][0]["status"] == 401


def test_any_other_401_of_the_backend_is_none_of_the_clients_business(make_proxy):
    with RawBackend(answering(said("401 Unauthorized", b"who?"))) as backend:
        answer = make_proxy(backend).ask("GET", "/traits")
    assert answer.status_int == 502
    assert "WWW-Authenticate" not in answer.headers


def test_the_service_user_asks_instead_of_the_caller(make_proxy, recorder, keystone, tmp_path):
    (tmp_path / "policy.yaml").write_text('"placement:traits:list": "role:reader"\n')
    proxy = make_proxy(recorder, backend_options="credentials = service")
    assert proxy.ask("GET", "/traits", grant=READER).status_int == 200
    (raw,) = forwarded(recorder)
    token = head(raw)[1]["x-auth-token"]
    assert keystone.read(token).user == "placement-proxy"
    assert proxy.records()[-1]["credentials"] == "service"


def test_a_refused_service_token_is_renewed_once(make_proxy):
    with RawBackend(answering(said("401 Unauthorized"))) as backend:
        proxy = make_proxy(backend, backend_options="credentials = service")
        answer = proxy.ask("PUT", "/traits/CUSTOM_A")
        tokens = [head(raw)[1]["x-auth-token"] for raw in forwarded(backend)]
    assert answer.status_int == 502
    assert len(tokens) == 2
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("credentials", ["caller", "service"])
def test_a_token_that_the_backend_repeats_is_in_no_log(make_proxy, caplog, credentials):
    def echoing(connection):
        while heard := connection.hear():
            connection.say(said("400 Bad Request", heard))

    with RawBackend(echoing) as backend, caplog.at_level("DEBUG", "policy_proxy"):
        proxy = make_proxy(backend, backend_options=f"credentials = {credentials}")
        own = proxy.keystone.issue(ADMIN)
        answer = proxy.ask("GET", f"/traits?x={own}", headers={"X-Auth-Token": own})
        token = head(forwarded(backend)[-1])[1]["x-auth-token"]
    assert "GET /traits" in caplog.text
    for secret in (token, own, own.rstrip("=")):
        assert secret not in caplog.text
        assert secret not in answer.text


def test_headers_survive_where_they_should(make_proxy):
    kept = [
        "OpenStack-API-Version: placement 1.39",
        "Vary: openstack-api-version",
        "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT",
        "Cache-Control: no-cache",
        "Content-Type: application/json",
    ]
    dropped = ["Server: secret", "Set-Cookie: a=b", "X-Backend: 10.0.0.7", "Keep-Alive: 5"]
    with RawBackend(answering(said("200 OK", b"{}", *kept, *dropped))) as backend:
        answer = make_proxy(backend).ask("GET", "/traits")
    names = {name.lower() for name in answer.headers}
    assert {line.split(":")[0].lower() for line in kept} <= names
    assert not {line.split(":")[0].lower() for line in dropped} & names


@pytest.mark.parametrize("status", [400, 404, 409, 500, 503])
def test_an_error_of_the_backend_is_rebuilt(make_proxy, status):
    body = json.dumps(
        {"errors": [{"status": status, "title": "T", "detail": "SELECT s3cret", "code": "x"}]}
    ).encode()
    answered = said(f"{status} Error", body, "Content-Type: application/json", "Retry-After: 7")
    with RawBackend(answering(answered)) as backend:
        answer = make_proxy(backend).ask("GET", "/traits")
    assert answer.status_int == status
    assert "s3cret" not in answer.text
    assert answer.headers["Retry-After"] == "7"
    assert answer.json["errors"][0]["code"] == "placement.undefined_code"
