"""Nobody gets round the decision by what a front end makes of paths, headers and framing.

Whatever a client sends, either nothing reaches the backend, or one request that Placement reads as
the audit record says that it was decided.
"""

from __future__ import annotations

import pycurl
import pytest
from hypothesis import given, settings

from harness.oracle import BELIEVED
from harness.proxy import ADMIN, READER
from integration.front_ends.site import OUTBOUND, PROVIDER, assert_agreed, assert_harmless, request
from integration.raw_backend import is_whole
from integration.test_admission_differential import METHODS, PATHS, QUERIES

TARGETS = [
    f"{PROVIDER}%2Finventories", f"{PROVIDER}%2finventories", f"{PROVIDER}/../../traits",
    f"{PROVIDER}/%2e%2e/%2E%2E/traits", f"{PROVIDER}/..%2f..%2ftraits", f"{PROVIDER}/./inventories",
    f"{PROVIDER}/inventories/..", f"{PROVIDER}/inventories/%2e%2e", "/usages/../traits",
    "//traits", "/traits//", "/traits/", "/./traits", "/traits/.", "///", "/..", "/%2e%2e/traits",
    "/authorize/traits", "/../authorize/traits", "/traits/../../traits", "/traits;a=b",
    "/traits;/../usages", "/traits%3Ba=b", "/traits%00", f"{PROVIDER}%00", f"{PROVIDER}%0A",
    f"{PROVIDER}%0a", "/traits%0D%0A", "/traits%20", "/traits%09", "/traits%zz", "/traits%",
    "/traits%u0041", "/traits%c0%af", "/traits%5c..%5cusages", "/traits\\..\\usages", "/tr%61its",
    "/%74raits", "/TRAITS", "/traits%25", "/traits%252F..", "/traits%23", "/traits%3F", "/traits#a",
    "/traits?#a", "/traits?a=#b", "/traits?", "/traits?a=b;c=d", "/traits?a=../..", "/traits??a=b",
    "/traits?a=%2e%2E%2f", "/traits?a=,/usages", "/traits\t", "/traits\x0b", "/traits a", "/é",
    "/traits?a=é", "/traits?a=%E9", '/traits?a="', "/traits?a=<b>", "/traits?a=[b]", "/traits?a=|",
    "/usages?project_id=alpha&project_id=beta", "/usages?project_id=alpha;project_id=beta",
    "/usages?project_id=alpha&%70roject_id=beta", "/usages?project_id=alpha%26project_id=beta",
    "/usages?project_id=alpha", "/usages?project_id=%61lpha", "/usages?project_id=al+pha",
    "http://placement.example/traits", "http://other.example/traits", "http://placement.example",
    "https://placement.example/traits", "http://placement.example//traits", "HTTP://a@b/traits",
    "placement.example:80", "*", "traits", "", "?a=b", "/?a=b",
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_spelling_of_a_target_goes_round_the_decision(site, method, target):
    assert_agreed(site.ask(target, method=method))


@settings(max_examples=150)
@given(METHODS, PATHS, QUERIES)
def test_no_target_at_all_goes_round_the_decision(site, method, path, query):
    """Out of the same pieces as for the proxy; a line break would end the request line."""
    target = f"{path}?{query}" if query else path
    raw = request(method, "{target}", f"X-Auth-Token: {site.issue(ADMIN)}")
    assert_agreed(site.send(raw.replace(b"{target}", target.replace("\n", "%0A").encode())))


def test_a_route_that_is_added_is_asked_about_as_well(site):
    exchange = site.ask("/added")
    assert exchange.heard == []
    assert [(record["path"], record["status"]) for record in exchange.records] == [("/added", 404)]


@pytest.mark.parametrize("between", ["-", "_"])
def test_no_header_that_somebody_believes_reaches_placement(site, between):
    names = sorted({name.removeprefix("HTTP_").replace("_", "-") for name in BELIEVED})
    for start in range(0, len(names), 10):
        for some in (names[start : start + 10], names[start : start + 1]):
            lines = [f"{name.replace('-', between)}: x" for name in some]
            assert_agreed(site.ask("/traits", *lines))


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Forwarded-Method: DELETE", f"X-Forwarded-Uri: {PROVIDER}"],
        ["X_Forwarded_Method: DELETE", f"X_Forwarded_Uri: {PROVIDER}"],
        ["X.Forwarded.Method: DELETE", f"X.Forwarded.Uri: {PROVIDER}"],
        ["X-Original-Method: GET", "X-Original-URI: /usages", "X-Original-Url: /usages"],
        ["X-Rewrite-Url: /usages", "X-Envoy-Original-Path: /usages"],
        ["X-Http-Method-Override: DELETE", "X-Method-Override: DELETE"],
        ["Connection: X-Forwarded-Uri, X-Forwarded-Method", f"X-Forwarded-Uri: {PROVIDER}"],
        ["X-Forwarded-Host: other.example", "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4"],
        ["X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1", "X-Forwarded-Prefix: /x"],
        ["X-Envoy-Auth-Partial-Body: false"],
        ["X-Roles: admin"],
        ["X_Roles: admin"],
        ["X.Roles: admin", "X-Roles : admin"],
        ["X-Identity-Status: Confirmed", "X-User-Id: u", "X-Project-Id: beta", "X-User: u"],
        ["X-Service-Roles: service", "X-Service-Identity-Status: Confirmed"],
        ["X-Is-Admin-Project: True", "X-Tenant: beta", "X-Role: admin", "X-Domain-Id: d"],
        ["X-Trust-Id: t", "X-Storage-Token: t", "Remote-User: u", "OpenStack-System-Scope: all"],
        ["OpenStack_System_Scope: all", "Remote_User: u", "X_Identity_Status: Confirmed"],
        ["X-Openstack-Request-Id: req-7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"],
        ["X-Openstack-Request-Id: made up"],
        ["X_Openstack_Request_Id: made up"],
        ["Connection: X-Openstack-Request-Id"],
        ["Connection: X-Service-Token, close"],
        ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"],
        ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
        ["TE: trailers", "Cookie: a=b", "Proxy-Connection: keep-alive", "Keep-Alive: 5"],
        ["Content_Length: 5"],
        ["Transfer_Encoding: chunked"],
        ["OpenStack_API_Version: placement 1.39"],
        ["OpenStack-API-Version: placement 1.39", "OpenStack-API-Version: placement 1.0"],
        ["X-A: a\r\n b"],
        ["X-A: a\rX-Roles: admin"],
        ["X-A: a\0b"],
        ["X-Roles\0: admin"],
    ],
    ids=range(34),
)
@pytest.mark.parametrize("grant", [ADMIN, READER], ids=["allowed", "denied"])
def test_no_header_of_a_client_goes_round_the_decision(site, lines, grant):
    exchange = site.ask("/traits", *lines, grant=grant)
    assert_agreed(exchange)
    if grant is READER:
        assert exchange.heard == []
    if site.name == "envoy":  # the others have no way to name what may pass, and no more
        assert {name for heard in exchange.heard for name, _ in heard.fields} <= OUTBOUND


@pytest.mark.parametrize(
    "name",
    [
        "X-Auth-Token",
        "x-auth-token",
        "X_Auth_Token",
        "X-Auth_Token",
        "X.Auth.Token",
        "X_Service-Token",
        "Connection: x-auth-token\r\nX-Storage-Token",
    ],
    ids=range(7),
)
def test_of_two_tokens_no_two_readers_take_different_ones(site, name):
    """One that policy lets in goes to the authorizer, and another one to Placement: never."""
    exchange = site.ask("/traits", f"{name}: {site.issue(READER)}")
    assert_agreed(exchange)
    for heard in exchange.heard:
        assert heard.values("x-storage-token") == heard.values("x-service-token") == []


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
        (["Content-Length: 2", "Content-Length: 3"], b"{} "),
        (["Content-Length: +2"], b"{}"),
        (["Content-Length: 1_0"], b"{}        "),
        (["Transfer-Encoding: gzip, chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: xchunked"], b"2\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding:\x0bchunked"], b"2\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], b"2\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Trailer: X-Roles"], b"2\r\n{}\r\n0\r\nX-Roles: a\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"2;a=b\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"+2\r\n{}\r\n0\r\n\r\n"),
        (["Expect: 100-continue", "Content-Length: 2"], b"{}"),
    ],
    ids=range(12),
)
def test_no_framing_makes_two_requests_of_one(site, lines, body):
    smuggled = request("DELETE", PROVIDER, f"X-Auth-Token: {site.issue(ADMIN)}")
    lines = ["Content-Type: application/json", *lines]
    exchange = site.ask("/resource_providers", *lines, method="POST", body=body + smuggled)
    assert len(exchange.heard) <= 1
    for heard in exchange.heard:
        assert (heard.method, heard.target) == ("POST", "/resource_providers")
        assert_harmless(heard)


@pytest.mark.parametrize(
    "sent",
    [
        ("Content-Length: 20", b'{"name": "x"}'),
        ("Transfer-Encoding: chunked", b'd\r\n{"name": "x"}\r\n'),
        ("Transfer-Encoding: chunked", b'd\r\n{"name": "x"}\r\n0\r\n'),
        ("Transfer-Encoding: chunked", b'd\r\n{"name": "x"}\r\nzz\r\n'),
        ("Transfer-Encoding: chunked", b'f\r\n{"name": "x"}'),
    ],
    ids=range(5),
)
@pytest.mark.parametrize("half_close", [True, False])
def test_a_body_that_breaks_off_is_never_a_whole_one(site, sent, half_close):
    framing, body = sent
    lines = ["Content-Type: application/json", framing, f"X-Auth-Token: {site.issue(ADMIN)}"]
    raw = request("POST", "/resource_providers", *lines, body=body)
    exchange = site.watch(lambda: site.front.raw(raw, timeout=0.3, half_close=half_close))
    assert exchange.status not in range(200, 300)
    assert not any(map(is_whole, site.backend.requests))


@pytest.mark.parametrize(
    "raw",
    [
        request("GET", "/traits", version="1.0"),
        b"GET /traits HTTP/1.0\r\n\r\n",
        b"GET /traits\r\n\r\n",
        b"get /traits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /traits HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /traits HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET  /traits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /traits HTTP/1.1 \r\nHost: h\r\nConnection: close\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n",
        b"GET /traits HTTP/1.1\nHost: h\nConnection: close\n\n",
        b"\x16\x03\x01\x00\x05hello",
    ],
    ids=range(11),
)
def test_no_odd_request_gets_through_without_a_token(site, raw):
    exchange = site.send(raw)
    assert exchange.heard == []
    assert exchange.status not in range(200, 300)


def _over_h2c(site, target, *lines):
    """An answer's status line, from a client that speaks HTTP/2 at once; nothing if none comes."""
    client = pycurl.Curl()
    client.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    client.setopt(pycurl.URL, f"{site.front.url}{target}")
    client.setopt(pycurl.PATH_AS_IS, 1)
    client.setopt(pycurl.PROXY, "")
    client.setopt(pycurl.HTTPHEADER, list(lines))
    client.setopt(pycurl.WRITEFUNCTION, lambda _: None)
    client.setopt(pycurl.TIMEOUT, 5)
    try:
        client.perform()
    except pycurl.error:
        return b""
    finally:
        status = client.getinfo(pycurl.RESPONSE_CODE)
        client.close()
    return b"HTTP/2 %d \r\n\r\n" % status


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/traits", []),
        (f"{PROVIDER}/../../traits", []),
        (f"{PROVIDER}%2Finventories", []),
        ("//traits", []),
        ("/traits", ["X_Roles: admin", "X-Roles: admin"]),
        ("/traits", ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /"]),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("grant", [ADMIN, READER], ids=["allowed", "denied"])
def test_http_2_is_no_way_round_where_it_is_taken(site, target, lines, grant):
    token = f"X-Auth-Token: {site.issue(grant)}"
    exchange = site.watch(lambda: _over_h2c(site, target, token, *lines))
    assert_agreed(exchange)
    if grant is READER:
        assert exchange.heard == []
    if (target, lines, grant) == ("/traits", [], ADMIN):
        assert (exchange.status == 200) == (site.name == "traefik")
