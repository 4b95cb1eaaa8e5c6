"""A backend is believed to be itself only if an authority that we were told to trust says so."""

from __future__ import annotations

import ssl
from functools import partial
from pathlib import Path

import pytest

from harness.certificates import DAY, self_signed
from integration.raw_backend import OK, RawBackend, answering
from policy_proxy import errors
from policy_proxy.backend import Outbound

GET = Outbound("GET", "/", ())


@pytest.fixture
def certificate(tmp_path: Path):
    return partial(self_signed, tmp_path)


def test_a_certificate_of_a_trusted_authority_is_accepted(certificate):
    good = certificate("good")
    with RawBackend(answering(OK), tls=good.server()) as backend:
        client = backend.client(cafile=good.cert)
        for method in ("GET", "PUT", "GET"):
            assert b"".join(client.exchange(Outbound(method, "/", ())).body) == b"{}"
        assert backend.connections == 2


@pytest.mark.parametrize(
    ("wrong", "trusted"),
    [
        ({"expires": -DAY}, "itself"),
        ({"address": "127.0.0.2"}, "itself"),
        ({}, "another"),
        ({}, "the system's"),
    ],
    ids=["expired", "wrong host", "unknown authority", "self-signed"],
)
def test_a_wrong_certificate_is_refused_before_anything_is_sent(certificate, wrong, trusted):
    shown = certificate("shown", **wrong)
    cafile = {"itself": shown.cert, "another": certificate("another").cert}.get(trusted)
    with RawBackend(answering(OK), tls=shown.server()) as backend:
        with pytest.raises(errors.BackendFailed, match="cannot be reached") as caught:
            backend.client(cafile=cafile).exchange(GET)
        assert "libcurl 60" in caught.value.private
        assert backend.gone.acquire(timeout=2)
        assert backend.requests == []


def test_a_cafile_replaces_the_authorities_of_the_system(certificate, monkeypatch):
    shown = certificate("shown")
    monkeypatch.setenv("SSL_CERT_FILE", shown.cert)
    with RawBackend(answering(OK), tls=shown.server()) as backend:
        assert backend.client().exchange(GET).status == 200
        with pytest.raises(errors.BackendFailed, match="cannot be reached"):
            backend.client(cafile=certificate("another").cert).exchange(GET)


def test_a_cafile_that_is_missing_refuses_every_backend(certificate, tmp_path):
    with (
        RawBackend(answering(OK), tls=certificate("shown").server()) as backend,
        pytest.raises(errors.BackendFailed, match="cannot be reached"),
    ):
        backend.client(cafile=str(tmp_path / "missing.crt")).exchange(GET)


def test_the_client_certificate_is_shown(certificate):
    good, ours = certificate("good"), certificate("ours")
    context = good.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ours.cert)
    with RawBackend(answering(OK), tls=context) as backend:
        shown = {"certfile": ours.cert, "keyfile": ours.key}
        assert backend.client(cafile=good.cert, **shown).exchange(GET).status == 200
        with pytest.raises(errors.BackendFailed):
            backend.client(cafile=good.cert).exchange(GET)
        assert len(backend.requests) == 1


def test_a_backend_that_hangs_in_the_handshake_ends_within_the_connect_timeout():
    def never(connection):
        connection.sock.recv(65536)
        connection.sock.recv(65536)

    with RawBackend(never) as backend:
        client = backend.client(url=backend.url.replace("http", "https"), connect_timeout=0.3)
        with pytest.raises(errors.BackendTimedOut):
            client.exchange(GET)


def test_a_plain_backend_is_not_taken_for_a_secure_one():
    def plain(connection):
        connection.sock.recv(65536)
        connection.say(OK)

    with RawBackend(plain) as backend:
        client = backend.client(url=backend.url.replace("http", "https"))
        with pytest.raises(errors.BackendFailed, match="cannot be reached"):
            client.exchange(GET)
