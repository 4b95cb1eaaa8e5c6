"""HAProxy with TLS in front of two `policy-proxy serve`, as etc/haproxy.cfg has it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from docs_from_code import ROOT
from harness import haproxy
from harness.certificates import Certificate, self_signed
from harness.load import load
from harness.proxy import ADMIN, configuration
from harness.serve import Served, free_port, serving
from harness.stack import eventually
from integration.raw_backend import RawBackend
from integration.servers.site import Answer

AT_ONCE = "[server]\nstop_notice = 0\n"
CLIENT = "127.0.0.2"
"""Another address than that of HAProxy."""


@dataclass(frozen=True, slots=True)
class Front:
    """HAProxy, the proxies behind it, and a backend that records; `token` is an administrator's."""

    served: Served
    proxies: tuple[Served, ...]
    backend: RawBackend
    trust: ssl.SSLContext
    token: str

    def connected(self) -> ssl.SSLSocket:
        address = ("127.0.0.1", self.served.port)
        plain = socket.create_connection(address, timeout=20, source_address=(CLIENT, 0))
        return self.trust.wrap_socket(plain, server_hostname="127.0.0.1")

    def ask(self, line: str, *lines: str, body: bytes = b"") -> tuple[Answer, list[bytes]]:
        """The answer, and what reached the backend meanwhile."""
        known = len(self.backend.requests)
        head = [line, "Host: h", "Connection: close", f"X-Auth-Token: {self.token}", *lines]
        heard = b""
        with self.connected() as sock:
            sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
            while chunk := sock.recv(65536):
                heard += chunk
        got = [raw for raw in self.backend.requests[known:] if not raw.startswith(b"GET / ")]
        return Answer(heard), got

    def clients(self) -> list[str]:
        """Of the audit records of all proxies."""
        files = [proxy.log.with_name("audit.jsonl") for proxy in self.proxies]
        return [json.loads(line)["client"] for file in files for line in _lines(file)]

    def ready(self) -> bool:
        return self.ask("GET /healthcheck HTTP/1.1")[0].status == 200


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def documented() -> str:
    """What the page has operators write into the proxies' configuration."""
    page = (ROOT / "docs" / "haproxy.md").read_text()
    (section,) = re.findall(r"```ini\n(.+?)```", page, re.DOTALL)
    return str(section)


@contextmanager
def fronting(folder: Path, count: int, more: str = "", **things) -> Iterator[Front]:
    """Each proxy but the one of the number `patient` stops without notice."""
    backend, keystone = things["backend"], things["keystone"]
    certificate = things.get("certificate") or self_signed(folder, "server")
    options = documented().replace("192.0.2.11", "127.0.0.1").replace("192.0.2.1", "127.0.0.1")
    options = re.sub(r"(?m)^port = .*\n", "", options) + things.get("options", "")
    with ExitStack() as stack:
        proxies = []
        for number in range(count):
            own = folder / f"proxy-{number}"
            own.mkdir(exist_ok=True)
            path = configuration(
                own,
                backend=backend.url,
                keystone=things["keystone_url"],
                password=things["password"],
                options=options if number == things.get("patient") else options + AT_ONCE,
            )
            proxies.append(stack.enter_context(serving(path, wait=False)))
        ports = [proxy.port for proxy in proxies]
        served = stack.enter_context(haproxy.serving(folder, ports, certificate, more=more))
        trust = ssl.create_default_context(cafile=certificate.cert)
        front = Front(served, tuple(proxies), backend, trust, keystone.issue(ADMIN))
        eventually(front.ready)
        yield front
        for proxy in proxies:  # each takes its time to say that it stops
            proxy.process.terminate()


@pytest.fixture(scope="module")
def front(tmp_path_factory, backend, keystone, keystone_url, password):
    things = {"backend": backend, "keystone": keystone, "keystone_url": keystone_url}
    with fronting(tmp_path_factory.mktemp("haproxy"), 2, password=password, **things) as front:
        yield front


def test_a_request_goes_through_and_the_client_is_on_record(front):
    spoofed = ("X-Forwarded-For: 192.0.2.66", "X_Forwarded_For: 192.0.2.66")
    answer, got = front.ask("GET /traits?name=in:A,B HTTP/1.1", *spoofed)
    assert (answer.status, answer.by, len(got)) == (200, "proxy", 1)
    assert got[0].startswith(b"GET /traits?name=in%3AA%2CB HTTP/1.1\r\n")
    eventually(lambda: CLIENT in front.clients())
    assert "192.0.2.66" not in front.clients()


def test_names_with_underscores_are_dropped(front):
    spoofed = ("X_Auth_Token: other", "X_Roles: admin", "OpenStack_API_Version: placement 1.2")
    answer, (raw,) = front.ask("GET /traits HTTP/1.1", *spoofed)
    assert answer.status == 200
    assert f"X-Auth-Token: {front.token}".encode() in raw
    assert b"placement 1.2" not in raw


@pytest.mark.parametrize("target", ["//traits", "/x/../traits", "/trait%73%2f", "/traits/."])
def test_the_proxies_get_the_target_as_it_came(front, target):
    answer, got = front.ask(f"GET {target} HTTP/1.1")
    assert answer.status in {400, 404}
    assert (answer.by, got) == ("proxy", [])


def test_a_request_line_as_long_as_nova_s_goes_through(front):
    names = ",".join(f"CUSTOM_TRAIT_{number}" for number in range(2000))
    answer, got = front.ask(f"GET /traits?name=in:{names} HTTP/1.1")
    assert (answer.status, len(got)) == (200, 1)
    assert names.replace(",", "%2C").encode() in got[0]


def test_a_body_goes_on_whole(front):
    body = json.dumps({"name": "a" * 100_000}).encode()  # more than a buffer
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    answer, (raw,) = front.ask("POST /resource_providers HTTP/1.1", *lines, body=body)
    assert (answer.status, raw.partition(b"\r\n\r\n")[2]) == (200, body)


def test_a_body_in_chunks_is_refused(front):
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    chunks = b'2\r\n{"\r\n4\r\na":1\r\n1\r\n}\r\n0\r\n\r\n'
    answer, got = front.ask("POST /resource_providers HTTP/1.1", *lines, body=chunks)
    assert (answer.status, answer.by, got) == (411, "proxy", [])


@pytest.mark.parametrize(
    "lines",
    [
        ("Transfer-Encoding: chunked", "Content-Length: 3"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Transfer-Encoding: gzip, chunked",),
    ],
    ids=["both", "two lengths", "gzip"],
)
def test_an_unclear_framing_reaches_nobody(front, lines):
    smuggled = b"0\r\n\r\nGET /traits/CUSTOM_SMUGGLED HTTP/1.1\r\nHost: h\r\n\r\n"
    answer, got = front.ask("POST /resource_providers HTTP/1.1", *lines, body=smuggled)
    assert answer.status in {400, 411, 422}
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    assert got == []


def test_a_slow_header_keeps_nobody_waiting(front):
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(front.connected()).sendall(b"GET /traits HTT")
        assert front.ask("GET /traits HTTP/1.1")[0].status == 200


class OverTLS(http.client.HTTPSConnection):
    def __init__(self, front):
        super().__init__("127.0.0.1", front.served.port, timeout=20, context=front.trust)


@pytest.fixture
def things(backend, keystone, keystone_url, password):
    return {
        "backend": backend,
        "keystone": keystone,
        "keystone_url": keystone_url,
        "password": password,
    }


def test_a_proxy_stops_and_no_request_fails(tmp_path, things):
    with fronting(tmp_path, 2, patient=0, **things) as front:
        stopped = front.proxies[0]
        eventually(lambda: all(proxy.ready() for proxy in front.proxies))
        time.sleep(2)  # until HAProxy has seen it, too
        with load(partial(OverTLS, front), front.token, kept=4, new=2) as seen:
            time.sleep(0.5)
            stopped.process.send_signal(signal.SIGTERM)
            assert stopped.process.wait(30) == 0
            time.sleep(0.5)
        assert seen.unanswered == []
        assert {*seen.answered} == {200}
        assert _lines(stopped.log.with_name("audit.jsonl")), "it has had some of them"


def test_a_proxy_that_is_not_ready_gets_nothing(tmp_path, things):
    """It has no policy in force; the other has."""
    broken = tmp_path / "proxy-0"
    broken.mkdir()
    (broken / "policy.yaml").write_text("nonsense: [")
    with fronting(tmp_path, 2, **things) as front:
        eventually(lambda: "proxy-1 is DOWN" in front.served.log.read_text())
        assert {front.ask("GET /traits HTTP/1.1")[0].status for _ in range(10)} == {200}
        assert _lines(broken / "audit.jsonl") == []


def test_without_a_proxy_the_answer_looks_like_an_error_of_placement(tmp_path, backend):
    certificate = self_signed(tmp_path, "server")
    trust = ssl.create_default_context(cafile=certificate.cert)
    with haproxy.serving(tmp_path, [free_port()], certificate) as served:
        answer, _ = Front(served, (), backend, trust, "").ask("GET /traits HTTP/1.1")
    assert answer.status == 503
    (error,) = json.loads(answer.body)["errors"]
    assert (error["status"], error["detail"]) == (503, "No proxy is ready.")


def test_the_way_to_the_proxies_can_have_tls(tmp_path, things):
    inner: Certificate = self_signed(tmp_path, "inner")
    page = (ROOT / "docs" / "haproxy.md").read_text()
    (said,) = re.findall(r"`(ssl verify required ca-file [^`]+)`", page)
    more = said.replace("/etc/haproxy/proxies.pem", inner.cert)
    options = f"[server]\ntls_certfile = {inner.cert}\ntls_keyfile = {inner.key}\n"
    with fronting(tmp_path, 1, more, options=options, **things) as front:
        assert front.ask("GET /traits HTTP/1.1")[0].status == 200
