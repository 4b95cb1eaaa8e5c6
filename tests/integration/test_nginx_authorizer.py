"""nginx, as etc/nginx-authorizer.conf has it, in front of a backend that keeps what it gets.

The oracle holds on both sides: the backend gets exactly what was decided, as it was decided.
"""

from __future__ import annotations

import json
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from docs_from_code import ROOT
from harness import asked, nginx, serve
from harness.keystone import Grant, Keystone
from harness.oracle import Received, assert_decided
from harness.proxy import ADMIN, READER, configuration
from integration.raw_backend import OK, RawBackend
from integration.test_admission_differential import METHODS, PATHS, QUERIES

UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
PASSED_ON = {
    "host", "accept", "content-type", "content-length", "connection", "openstack-api-version",
    "x-auth-token", "x-service-token", "x-openstack-request-id",
}  # fmt: skip
INSIDE = b"Traceback: SELECT * FROM secrets"
CONFLICT = b'{"errors": [{"status": 409, "code": "placement.concurrent_update"}]}'
SAYS = {
    b"conflict": (b"409 Conflict", CONFLICT, b"Content-Type: application/json"),
    b"cookie": (b"200 OK", b"{}", b"Set-Cookie: a=b\r\nX-Openstack-Request-Id: req-other"),
    b"failure": (b"500 Internal Server Error", INSIDE, b"Content-Type: text/html"),
    b"forbidden": (b"403 Forbidden", INSIDE, b"Content-Type: text/html"),
    b"inner": (b"200 OK", b"{}", b"X-Accel-Redirect: /_policy_proxy"),
    b"moved": (b"302 Found", INSIDE, b"Location: http://inside.invalid/"),
    b"revoked": (b"401 Unauthorized", INSIDE, b'WWW-Authenticate: Keystone uri="http://k"'),
    b"short": (b"413 Request Entity Too Large", INSIDE, b"Content-Type: text/html"),
}
"""What the backend answers to a request for providers of such a name."""
ADDED = {
    "    location / {": "    location /added {{ proxy_pass http://placement; }}\n    location / {{",
}
"""A location of an operator's own."""


def placement(connection):
    while request := connection.hear():
        found = re.search(rb"name=(\w+)", request.partition(b"\r\n")[0])
        if found and found[1] == b"gone":
            return
        if found and found[1].startswith(b"status"):
            head = b"HTTP/1.1 %s Any\r\nLocation: /\r\nContent-Length: %d\r\n\r\n"
            connection.say(head % (found[1][6:], len(INSIDE)) + INSIDE)
            continue
        status, body, header = SAYS.get(found[1] if found else b"", (b"", b"", b""))
        answer = b"HTTP/1.1 %s\r\n%s\r\nContent-Length: %d\r\n\r\n%s"
        connection.say(answer % (status, header, len(body), body) if status else OK)


@dataclass(frozen=True, slots=True)
class Front:
    """nginx and what is behind it."""

    url: str
    backend: RawBackend
    folder: Path
    keystone: Keystone

    def raw(self, sent: bytes, *, patience: float = 5.0, half_close: bool = False) -> bytes:
        """Send bytes as they are, and read until nginx hangs up or says nothing more."""
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port)) as sock:
            sock.settimeout(patience)
            sock.sendall(sent)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            heard = b""
            try:
                while chunk := sock.recv(65536):
                    heard += chunk
            except (TimeoutError, ConnectionResetError):
                pass
            return heard

    def ask(
        self,
        target: str,
        *lines: str,
        method: str = "GET",
        grant: Grant | None = ADMIN,
        body: bytes = b"",
    ) -> bytes:
        token = [f"X-Auth-Token: {self.keystone.issue(grant)}"] if grant else []
        length = [f"Content-Length: {len(body)}"] if body else []
        head = [f"{method} {target} HTTP/1.1", "Host: h", "Connection: close", *token, *length]
        return self.raw("\r\n".join([*head, *lines, "", ""]).encode() + body)

    def records(self):
        path = self.folder / "audit.jsonl"
        return [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []

    @contextmanager
    def watched(self):
        """The requests that reach the backend meanwhile, each of which was decided as it is."""
        before, known = len(self.records()), len(self.backend.requests)
        got: list[Received] = []
        yield got
        got += [Received.read(raw) for raw in self.backend.requests[known:]]
        allowed = {r["request_id"]: r for r in self.records()[before:] if r["outcome"] == "allowed"}
        assert len(got) == len(allowed)
        for received in got:
            assert received.headers.keys() <= PASSED_ON
            assert received.headers["host"] == urlsplit(self.url).netloc
            assert_decided(received, allowed[received.headers["x-openstack-request-id"]])


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def header(answer: bytes, name: str) -> list[str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    pairs = (line.split(": ", 1) for line in lines)
    return [value for key, value in pairs if key.lower() == name]


def error(answer: bytes):
    """The error, which is JSON in Placement's shape whoever made it."""
    assert header(answer, "content-type") == ["application/json"]
    (found,) = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]
    assert found.keys() == {"status", "title", "detail", "code", "request_id"}
    assert found["status"] == status(answer)
    return found


@pytest.fixture(scope="module")
def recorder():
    with RawBackend(placement) as backend:
        yield backend


@pytest.fixture(scope="module")
def front(tmp_path_factory, recorder, keystone, keystone_url, password):
    folder = tmp_path_factory.mktemp("nginx")
    path = configuration(
        folder,
        backend="http://nowhere.invalid",
        keystone=keystone_url,
        password=password,
        options=asked.section("nginx"),
    )
    with serve.serving(path) as authorizer:
        addresses = nginx.authorizing(authorizer.url, recorder.url) | ADDED
        with nginx.serving(folder, "nginx-authorizer.conf", addresses) as url:
            yield Front(url, recorder, folder, keystone)


def test_what_is_allowed_goes_out_once_and_rebuilt(front):
    spoofed = (
        "X-Roles: admin", "X_Roles: admin", "X-User-Id: root", "X-Identity-Status: Confirmed",
        "OpenStack-System-Scope: all", "OpenStack_System_Scope: all", "X-Trust-Id: t",
        "Remote-User: root", "X-Storage-Token: s", "X_Auth_Token: other", "Cookie: a=b",
        "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil", "Forwarded: host=evil",
        "X-Http-Method-Override: DELETE", "Connection: X-Auth-Token", "TE: trailers",
        "Upgrade: websocket", "OpenStack-API-Version: placement 1.30",
        "X-Original-Method: DELETE", "X-Original-URI: /", "X_Original_Method: DELETE",
        "X_Original_URI: /", "X-Policy-Proxy-Target: traits", "X-Accel-Redirect: /_policy_proxy",
    )  # fmt: skip
    with front.watched() as got:
        answer = front.ask("/resource_providers?in_tree=a%20b&resources=VCPU:1,DISK_GB:2", *spoofed)
    (received,) = got
    assert status(answer) == 200
    assert answer.endswith(b"{}")
    assert received.query == "in_tree=a%20b&resources=VCPU%3A1%2CDISK_GB%3A2"
    assert front.keystone.read(received.headers["x-auth-token"]) == ADMIN
    assert header(answer, "x-openstack-request-id") == [received.headers["x-openstack-request-id"]]
    assert header(answer, "server") == ["nginx"]
    assert b"policy-proxy" not in answer.lower()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/traits", 403),
        ("/usages?project_id=beta", 403),
        ("/usages?project_id=alpha;project_id=beta", 400),
        ("/usages?project_id=alpha&project_id=beta", 400),
        ("/usages?project_id=alpha&%70roject_id=beta", 400),
        ("/usages?project_id=alpha#&project_id=beta", 400),
        ("/usages/../traits?project_id=alpha", 400),
        ("/usages/%2e%2e/traits?project_id=alpha", 400),
        ("/usages%2f..%2ftraits?project_id=alpha", 400),
        ("//usages?project_id=alpha", 400),
        ("/./usages?project_id=alpha", 400),
        ("/%75sages?project_id=alpha", 400),
        ("/usages;x?project_id=alpha", 404),
        ("/usages%0A?project_id=alpha", 400),
        ("/usages/?project_id=alpha", 404),
        ("/USAGES?project_id=alpha", 404),
        ("/usages%3Fproject_id=alpha", 404),
        ("/usages%00?project_id=alpha", 400),
        ("/../traits", 400),
        ("\\traits", 400),
        ("*", 400),
        ("nowhere.invalid:80", 400),
        ("http://nowhere.invalid/traits", 403),
        ("/added", 404),
        ("/added/../traits", 400),
        ("/_policy_proxy", 404),
        ("/_policy_proxy_hidden", 404),
        ("/x/../_policy_proxy", 404),
        ("/%5fpolicy_proxy", 404),
        ("/authorize", 404),
        ("/authorize/traits", 404),
        ("/healthcheck", 404),
        (f"/resource_providers/{UUID}%2Finventories", 400),
    ],
)
def test_no_spelling_gets_around_policy(front, target, expected):
    """The caller may ask for the usages of one project, and for nothing else."""
    with front.watched() as got:
        answer = front.ask(target, grant=READER)
    assert got == []
    assert status(answer) == expected
    error(answer)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("HEAD", 405), ("TRACE", 405), ("OPTIONS", 405), ("PATCH", 405), ("get", 400), ("X", 405)],
)
def test_no_other_method_gets_through(front, method, expected):
    with front.watched() as got:
        answer = front.ask("/traits", method=method)
    assert got == []
    assert status(answer) == expected
    if method != "HEAD":
        error(answer)
    if method not in ("TRACE", "get"):  # which nginx itself refuses
        assert header(answer, "allow") == ["GET"]


def test_a_caller_without_a_token_is_sent_to_keystone(front):
    with front.watched() as got:
        answer = front.ask("/traits", grant=None)
    assert got == []
    assert status(answer) == 401
    assert header(answer, "www-authenticate") == ['Keystone uri="http://keystone.example/v3"']
    assert header(answer, "x-openstack-request-id") == [error(answer)["request_id"]]


def test_the_version_document_needs_no_token(front):
    with front.watched() as got:
        assert status(front.ask("/", grant=None)) == 200
    assert len(got) == 1


def test_of_two_tokens_the_one_that_was_looked_at_goes_out(front):
    second = f"X-Auth-Token: {front.keystone.issue(ADMIN)}"
    with front.watched() as got:
        answer = front.ask("/usages?project_id=alpha", second, grant=READER)
    assert status(answer) in (200, 401)  # newer versions of nginx join the two
    tokens = [front.keystone.read(received.headers["x-auth-token"]) for received in got]
    assert tokens == [READER] * (status(answer) == 200)


def test_a_body_goes_out_framed_anew(front):
    body = b'{"name": "x"}'
    chunks = b"5\r\n" + body[:5] + b"\r\n8\r\n" + body[5:] + b"\r\n0\r\n\r\n"
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    with front.watched() as got:  # the same request, framed in two ways
        assert status(front.ask("/resource_providers", lines[0], method="POST", body=body)) == 200
        token = f"X-Auth-Token: {front.keystone.issue(ADMIN)}"
        first = ["POST /resource_providers HTTP/1.1", "Host: h", "Connection: close", token, *lines]
        assert status(front.raw("\r\n".join([*first, "", ""]).encode() + chunks)) == 200
    assert [received.body for received in got] == [body, body]
    assert [received.headers["content-length"] for received in got] == ["13", "13"]


def test_a_large_body_goes_out_whole(front):
    body = b'{"name": "%s"}' % (b"x" * 2_000_000)
    with front.watched() as got:
        line = "Content-Type: application/json"
        assert status(front.ask("/resource_providers", line, method="POST", body=body)) == 200
    assert [received.body for received in got] == [body]


HIDDEN = b"DELETE /traits/CUSTOM_X HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"0\r\n\r\n" + HIDDEN


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", CHUNKED),
        ("Content-Length: 5\r\nContent-Length: 6", b"{}   " + HIDDEN),
        ("Content-Length: 5, 5", b"{}   " + HIDDEN),
        ("Content-Length: +5", b"{}   " + HIDDEN),
        ("Content-Length: 0x5", b"{}   " + HIDDEN),
        ("Transfer-Encoding: xchunked", CHUNKED),
        ("Transfer-Encoding: chunked, identity", CHUNKED),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKED),
        ("Transfer-Encoding: chunked", b"zz\r\n" + HIDDEN),
        ("Content-Length: 500", b"{"),
        ("Transfer-Encoding: chunked", b"5\r\n{"),
        ("Content-Encoding: gzip\r\nContent-Length: 2", b"{}"),
    ],
)
def test_a_body_that_could_be_read_in_two_ways_goes_nowhere(front, framing, body):
    token = front.keystone.issue(ADMIN)
    head = (
        f"POST /resource_providers HTTP/1.1\r\nHost: h\r\nX-Auth-Token: {token}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\n{framing}\r\n\r\n"
    )
    known = len(front.backend.requests)
    answer = front.raw(head.encode() + body, patience=1.0)
    assert front.backend.requests[known:] == []
    assert not answer.startswith(b"HTTP/1.1 2")


def test_what_looks_like_a_request_in_a_body_stays_a_body(front):
    for line in ("Content_Length: 2", "Transfer_Encoding: chunked", "X: y"):
        with front.watched() as got:
            front.ask(
                "/resource_providers", "Content-Type: application/json", line,
                method="POST", body=b"{}" + HIDDEN,
            )  # fmt: skip
        (received,) = got
        assert received.body == b"{}" + HIDDEN


def test_each_request_of_a_connection_is_decided(front):
    token = front.keystone.issue(READER)
    head = f" HTTP/1.1\r\nHost: h\r\nX-Auth-Token: {token}\r\n"
    sent = [
        f"GET /usages?project_id=alpha{head}\r\n",
        f"GET /traits{head}\r\n",
        f"GET /usages?project_id=beta{head}\r\n",
        f"GET /usages?project_id=alpha{head}Connection: close\r\n\r\n",
    ]
    with front.watched() as got:
        answer = front.raw("".join(sent).encode())
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"403", b"403", b"200"]
    assert len(got) == 2


@pytest.mark.parametrize("line", ["GET /traits HTTP/1.0\r\n", "GET /traits"])
def test_older_protocols_are_decided_too(front, line):
    with front.watched() as got:
        answer = front.raw(f"{line}\r\n".encode())
    assert got == []
    assert b"The request you have made requires authentication." in answer


def test_whoever_has_nothing_more_to_send_gets_an_answer(front):
    head = f"GET /traits HTTP/1.1\r\nHost: h\r\nX-Auth-Token: {front.keystone.issue(ADMIN)}\r\n\r\n"
    with front.watched() as got:
        answer = front.raw(head.encode(), half_close=True)
    assert status(answer) == 200
    assert len(got) == 1


@settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(METHODS, PATHS, QUERIES)
def test_whatever_is_asked_what_was_decided_is_what_is_got(front, method, path, query):
    with front.watched():
        front.ask(f"{path}?{query}" if query else path, method=method)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("failure", 500), ("forbidden", 403), ("moved", 502), ("revoked", 401), ("short", 413)],
)
def test_errors_whose_words_nobody_needs_say_nothing_of_the_inside(front, name, expected):
    with front.watched() as got:
        answer = front.ask(f"/resource_providers?name={name}")
    assert len(got) == 1
    assert status(answer) == expected
    assert INSIDE not in answer
    assert header(answer, "location") == []
    assert error(answer)["request_id"] == got[0].headers["x-openstack-request-id"]
    assert bool(header(answer, "www-authenticate")) == (expected == 401)


SAID = {400, 404, 406, 409}
"""Statuses whose words clients need."""


def test_of_every_other_status_the_words_stay_inside(front):
    for known in HTTPStatus:
        if known < HTTPStatus.MULTIPLE_CHOICES:
            continue
        answer = front.ask(f"/resource_providers?name=status{known.value}")
        assert (INSIDE in answer) == (known in SAID), known
        if known is HTTPStatus.REQUEST_TIMEOUT:  # at which nginx closes the connection
            assert answer == b""
        else:
            expected = known if known >= HTTPStatus.BAD_REQUEST else HTTPStatus.BAD_GATEWAY
            assert status(answer) == expected


def test_a_header_that_is_too_large_is_refused_in_the_same_form(front):
    known = len(front.backend.requests)
    answer = front.ask("/traits", f"X-Large: {'x' * 70_000}")
    assert status(answer) == 431
    error(answer)
    assert front.backend.requests[known:] == []


def test_a_conflict_goes_out_in_the_words_that_clients_act_on(front):
    answer = front.ask("/resource_providers?name=conflict")
    assert status(answer) == 409
    assert answer.endswith(CONFLICT)


@pytest.mark.parametrize("name", ["cookie", "inner"])
def test_what_placement_says_beside_moves_nothing(front, name):
    with front.watched() as got:
        answer = front.ask(f"/resource_providers?name={name}")
    assert status(answer) == 200
    assert answer.endswith(b"{}")
    assert header(answer, "set-cookie") == []
    assert header(answer, "x-openstack-request-id") == [got[0].headers["x-openstack-request-id"]]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_request_that_broke_off_is_not_sent_again(front, method):
    path = f"/resource_providers/{UUID}?name=gone"
    with front.watched() as got:
        answer = front.ask(
            path, "Content-Type: application/json", method=method,
            body=b"{}" if method == "PUT" else b"",
        )  # fmt: skip
    assert len(got) == 1
    assert status(answer) == 502
    error(answer)


@pytest.mark.parametrize(("lacking", "expected"), [("authorizer", 503), ("placement", 502)])
def test_without_the_one_or_the_other_nothing_gets_through(front, tmp_path, lacking, expected):
    nowhere = f"http://127.0.0.1:{serve.free_port()}"
    addresses = (front.folder / "nginx-authorizer.conf").read_text()
    authorizer = re.search(r"upstream policy_proxy \{\s+server ([\d.:]+);", addresses)[1]
    there = {"authorizer": f"http://{authorizer}", "placement": front.backend.url}
    urls = {**there, lacking: nowhere}
    known = len(front.backend.requests)
    with nginx.serving(
        tmp_path,
        "nginx-authorizer.conf",
        nginx.authorizing(urls["authorizer"], urls["placement"]),
    ) as url:
        lonely = Front(url, front.backend, front.folder, front.keystone)
        answer = lonely.ask("/traits")
        assert status(lonely.ask("/")) == expected
    assert status(answer) == expected
    error(answer)
    assert front.backend.requests[known:] == []


def test_placement_may_have_a_path_before_its_own(front, tmp_path, keystone_url, password):
    path = configuration(
        tmp_path,
        backend="http://nowhere.invalid",
        keystone=keystone_url,
        password=password,
        options=f"{asked.section('nginx')}\n[server]\npublic_url = http://controller:8778/placement",
    )
    before = "http://placement/placement/$policy_target"
    assert f"`proxy_pass {before};`" in (ROOT / "docs" / "nginx.md").read_text()
    known = len(front.backend.requests)
    with serve.serving(path) as authorizer:
        addresses = nginx.authorizing(authorizer.url, front.backend.url)
        addresses["http://placement/$policy_target"] = before
        with nginx.serving(tmp_path, "nginx-authorizer.conf", addresses) as url:
            mounted = Front(url, front.backend, tmp_path, front.keystone)
            targets = ("/placement/traits?name=a", "/placement/", "/placement", "/traits", "/")
            answers = [status(mounted.ask(target)) for target in targets]
    assert answers == [200, 200, 200, 404, 404]
    lines = [raw.partition(b" HTTP/")[0] for raw in front.backend.requests[known:]]
    assert lines == [b"GET /placement/traits?name=a", *[b"GET /placement/"] * 2]
