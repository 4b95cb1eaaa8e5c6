"""nginx with TLS in front of `policy-proxy serve`, as etc/nginx-proxy.conf has it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from harness import nginx, serve
from harness.certificates import Certificate, self_signed
from harness.oracle import Received
from harness.proxy import ADMIN, configuration
from integration.raw_backend import RawBackend


@dataclass(frozen=True, slots=True)
class Front:
    """nginx, the proxy and a backend that records; `token` is an administrator's."""

    url: str
    backend: RawBackend
    certificate: Certificate
    token: str

    def ask(self, *lines: str, body: bytes = b"") -> tuple[int, list[Received]]:
        """The status of the answer, and what reached the backend meanwhile."""
        known = len(self.backend.requests)
        trust = ssl.create_default_context(cafile=self.certificate.cert)
        address = urlsplit(self.url)
        with (
            socket.create_connection((address.hostname, address.port), timeout=10) as plain,
            trust.wrap_socket(plain, server_hostname="127.0.0.1") as sock,
        ):
            more = ["Host: h", "Connection: close", f"X-Auth-Token: {self.token}"]
            sock.sendall("\r\n".join([lines[0], *more, *lines[1:], "", ""]).encode() + body)
            answer = b""
            while chunk := sock.recv(65536):
                answer += chunk
        got = [Received.read(raw) for raw in self.backend.requests[known:]]
        return int(answer.split(b" ", 2)[1]), [one for one in got if one.path != "/"]


@pytest.fixture(scope="module")
def front(tmp_path_factory, backend, keystone, keystone_url, password):
    folder = tmp_path_factory.mktemp("nginx")
    certificate = self_signed(folder, "server")
    path = configuration(folder, backend=backend.url, keystone=keystone_url, password=password)
    with serve.serving(path) as proxy:
        addresses = {
            "127.0.0.1:8777;": f"{urlsplit(proxy.url).netloc};",
            "listen 8778 ssl;": "listen 127.0.0.1:{port} ssl;",
            "/etc/policy-proxy/server.crt": certificate.cert,
            "/etc/policy-proxy/server.key": certificate.key,
        }
        with nginx.serving(folder, "nginx-proxy.conf", addresses) as url:
            yield Front(url, backend, certificate, keystone.issue(ADMIN))


def test_a_request_goes_through(front):
    status, (received,) = front.ask("GET /traits?name=in:A,B HTTP/1.1")
    assert (status, received.path, received.query) == (200, "/traits", "name=in%3AA%2CB")


def test_a_body_in_chunks_gets_a_length(front):
    """granian by itself would have it refused: it does not tell one that broke off."""
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    chunks = b'2\r\n{"\r\n4\r\na":1\r\n1\r\n}\r\n0\r\n\r\n'
    status, (received,) = front.ask("POST /resource_providers HTTP/1.1", *lines, body=chunks)
    assert (status, received.body) == (200, b'{"a":1}')


def test_a_header_with_underscores_is_not_taken_for_another(front):
    spoofed = ("X_Auth_Token: other", "X_Roles: admin", "OpenStack_API_Version: placement 1.2")
    status, (received,) = front.ask("GET /traits HTTP/1.1", *spoofed)
    assert (status, received.headers["x-auth-token"]) == (200, front.token)
    assert "openstack-api-version" not in received.headers


@pytest.mark.parametrize("target", ["//traits", "/x/../traits", "/trait%73%2f", "/traits/."])
def test_the_proxy_gets_the_target_as_it_came(front, target):
    status, received = front.ask(f"GET {target} HTTP/1.1")
    assert (status in (400, 404), received) == (True, [])


def test_a_request_line_as_long_as_nova_s_goes_through(front):
    names = ",".join(f"CUSTOM_TRAIT_{number}" for number in range(2000))
    status, received = front.ask(f"GET /traits?name=in:{names} HTTP/1.1")
    assert (status, len(received)) == (200, 1)
