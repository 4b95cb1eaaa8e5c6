"""What reaches the backend, byte for byte, and how often."""

from __future__ import annotations

import secrets
import socket
from threading import Event

import pytest

from integration.raw_backend import OK, RawBackend, answering, dropping, settings
from policy_proxy import errors
from policy_proxy.backend import Backend, Outbound

GET = Outbound("GET", "/", ())
WRITES = ["PUT", "POST", "PATCH", "DELETE"]


def answers_once_then_drops(connection):
    """A backend that gives up an idle connection in the moment in which it is used again."""
    connection.hear()
    connection.say(OK)
    connection.hear()


def sent(outbound, prefix=""):
    with RawBackend(answering(OK)) as backend:
        Backend(settings(backend.url + prefix)).exchange(outbound)
        (request,) = backend.requests
        return request.replace(b"127.0.0.1:%d" % backend.port, b"HOST")


def test_a_get_is_sent_with_the_given_headers_only():
    outbound = Outbound("GET", "/a", (("X-Auth-Token", "t"), ("X-Empty", ""), ("X-B", "\u00e9")))
    assert sent(outbound) == (
        b"GET /a HTTP/1.1\r\nHost: HOST\r\nX-Auth-Token: t\r\nX-Empty:\r\nX-B: \xe9\r\n\r\n"
    )


def test_headers_that_libcurl_would_add_are_sent_as_given():
    headers = (("Accept", "application/json"), ("User-Agent", "policy-proxy"))
    assert sent(Outbound("GET", "/", headers)) == (
        b"GET / HTTP/1.1\r\nHost: HOST\r\nAccept: application/json\r\n"
        b"User-Agent: policy-proxy\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "body", "end"),
    [
        ("PUT", b'{"a":1}', b'Content-Length: 7\r\n\r\n{"a":1}'),
        ("PUT", None, b"Content-Length: 0\r\n\r\n"),
        ("POST", b"", b"Content-Length: 0\r\n\r\n"),
        ("PATCH", None, b"Content-Length: 0\r\n\r\n"),
        ("DELETE", None, b"Host: HOST\r\n\r\n"),
        ("PUT", b"\0\r\n\r\n", b"Content-Length: 5\r\n\r\n\0\r\n\r\n"),
    ],
)
def test_bodies_are_framed_by_content_length(method, body, end):
    request = sent(Outbound(method, "/", (), body))
    assert request.startswith(method.encode() + b" / HTTP/1.1\r\nHost: HOST\r\n")
    assert request.endswith(end)
    assert b"Content-Type" not in request


def test_a_large_body_is_sent_at_once_without_asking():
    body = secrets.token_bytes(3 << 20)
    request = sent(Outbound("PUT", "/", (("Content-Type", "application/json"),), body))
    assert request.endswith(b"\r\n\r\n" + body)
    assert b"Expect" not in request


@pytest.mark.parametrize("target", ["/a/../b/./c//d?x=%2e&y=[]{}|<>\"'^`", "/%2F%0a?", "/?a=b?c"])
def test_the_target_is_sent_verbatim_behind_the_prefix(target):
    assert sent(Outbound("GET", target, ()), "/placement/").startswith(
        b"GET /placement" + target.encode() + b" HTTP/1.1\r\n"
    )


def test_nothing_is_sent_that_must_not_be():
    with RawBackend(answering(OK)) as backend, pytest.raises(errors.Internal):
        backend.client().exchange(Outbound("GET", "/", (("X-A", "b\r\nX-Roles: admin"),)))
    assert backend.connections == 0


def test_the_environment_adds_neither_proxy_nor_credentials(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("default login someone password something\n")
    with RawBackend(answering(OK)) as proxy, RawBackend(answering(OK)) as backend:
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert backend.client().exchange(GET).status == 200
        assert b"Authorization" not in backend.requests[0]
        assert proxy.connections == 0


def test_a_redirect_is_an_answer_like_any_other():
    with RawBackend(answering(OK)) as elsewhere:
        redirect = b"HTTP/1.1 307 X\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n"
        with RawBackend(answering(redirect % elsewhere.url.encode())) as backend:
            assert backend.client().exchange(GET).status == 307
        assert elsewhere.connections == 0


def test_cookies_are_not_kept():
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with RawBackend(answering(cookie)) as backend:
        client = backend.client()
        client.exchange(GET)
        client.exchange(GET)
        assert backend.connections == 1
        assert b"a=b" not in b"".join(backend.requests)


def test_nothing_of_one_request_is_left_in_the_next():
    token = secrets.token_urlsafe()
    with RawBackend(answering(OK)) as backend:
        client = backend.client()
        client.exchange(Outbound("PUT", "/a", (("X-Auth-Token", token),), b"body"))
        client.exchange(Outbound("GET", "/b", ()))
        assert backend.connections == 1
        assert (
            backend.requests[1] == b"GET /b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % backend.port
        )


@pytest.mark.parametrize("method", WRITES)
def test_a_write_is_sent_once_when_kept_connections_die_as_they_are_used(method):
    with RawBackend(answers_once_then_drops) as backend:
        client = backend.client()
        client.exchange(GET)
        assert client.exchange(Outbound(method, "/", (), b"{}")).status == 200
        assert [line.split()[0] for line in backend.requests] == [b"GET", method.encode()]


@pytest.mark.parametrize("method", WRITES)
def test_a_write_is_sent_once_when_the_backend_dies_with_it(method):
    with RawBackend(answering(OK), dropping) as backend:
        client = backend.client()
        client.exchange(GET)
        with pytest.raises(errors.BackendFailed):
            client.exchange(Outbound(method, "/", (), b"{}"))
        assert [line.split()[0] for line in backend.requests] == [b"GET", method.encode()]


def test_a_get_is_sent_again_when_a_kept_connection_dies_as_it_is_used():
    with RawBackend(answers_once_then_drops) as backend:
        client = backend.client()
        client.exchange(GET)
        assert client.exchange(GET).status == 200
        assert (backend.connections, len(backend.requests)) == (2, 3)


def test_a_get_is_not_sent_again_on_a_fresh_connection():
    with RawBackend(dropping) as backend:
        with pytest.raises(errors.BackendFailed):
            backend.client().exchange(GET)
        assert len(backend.requests) == 1


def test_a_get_is_not_sent_again_after_the_answer_began():
    def begins(connection):
        answers_once_then_drops(connection)
        connection.say(b"HTTP/1.1 200 OK\r\n")

    with RawBackend(begins) as backend:
        client = backend.client()
        client.exchange(GET)
        with pytest.raises(errors.BackendFailed):
            client.exchange(GET)
        assert len(backend.requests) == 2


def test_connections_are_kept_and_only_writes_open_new_ones():
    with RawBackend(answering(OK)) as backend:
        client = backend.client()
        for method in ("GET", "GET", "PUT", "GET", "GET"):
            client.exchange(Outbound(method, "/", ()))
        assert (backend.connections, len(backend.requests)) == (2, 5)


def test_an_unused_port_cannot_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.BackendFailed, match="cannot be reached") as caught:
        Backend(settings(f"http://127.0.0.1:{port}")).exchange(GET)
    assert str(port) in caught.value.private
    assert str(port) not in caught.value.detail


def test_a_name_that_does_not_exist_cannot_be_reached():
    with pytest.raises(errors.BackendFailed, match="cannot be reached"):
        Backend(settings("http://placement.invalid")).exchange(GET)


def test_an_answer_that_comes_before_the_body_was_taken_is_passed_on():
    def hasty(connection):
        connection.sock.recv(1024)
        connection.say(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n")
        over.wait(5)

    over = Event()
    with RawBackend(hasty) as backend:
        client = backend.client()
        assert client.exchange(Outbound("PUT", "/", (), bytes(16 << 20))).status == 413
        assert client.exchange(Outbound("PUT", "/", (), bytes(16 << 20))).status == 413
        over.set()
        assert backend.connections == 2


def test_the_host_may_be_a_name():
    with RawBackend(answering(OK)) as backend:
        client = backend.client(url=f"http://localhost:{backend.port}")
        assert [client.exchange(GET).status for _ in range(2)] == [200, 200]
        assert backend.connections == 1
        assert b"\r\nHost: localhost:%d\r\n" % backend.port in backend.requests[0]
