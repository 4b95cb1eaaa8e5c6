"""A backend on a unix socket: only who may write to it can ask."""

from __future__ import annotations

import socket

import pytest

from integration.raw_backend import OK, RawBackend, answering, settings
from policy_proxy import errors
from policy_proxy.backend import Backend, Outbound


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "placement.sock"))
        sock.listen()
        yield sock


def test_the_backend_is_asked_on_its_socket_and_nowhere_else(listener, tmp_path):
    with (
        RawBackend(answering(OK)) as elsewhere,
        RawBackend(answering(OK), listener=listener) as one,
    ):
        path = str(tmp_path / "placement.sock")
        client = Backend(settings(f"{elsewhere.url}/placement", unix_socket=path))

        for method in ("GET", "PUT", "GET"):
            assert b"".join(client.exchange(Outbound(method, "/traits", ())).body) == b"{}"

        assert [request.split(b" HTTP/")[0] for request in one.requests] == [
            b"GET /placement/traits",
            b"PUT /placement/traits",
            b"GET /placement/traits",
        ]
        assert f"\r\nHost: 127.0.0.1:{elsewhere.port}\r\n".encode() in one.requests[0]
        assert elsewhere.connections == 0
        client.close()


def test_a_socket_that_is_not_there_is_a_backend_that_cannot_be_reached(tmp_path):
    client = Backend(settings("http://placement", unix_socket=str(tmp_path / "nothing.sock")))

    with pytest.raises(errors.BackendFailed, match="cannot be reached"):
        client.exchange(Outbound("GET", "/", ()))
