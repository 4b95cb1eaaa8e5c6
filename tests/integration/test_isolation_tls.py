"""Mutual TLS in front of a backend, from the file that docs/isolation.md tells to copy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import nginx
from harness.certificates import self_signed
from integration.raw_backend import OK, RawBackend, answering, settings
from policy_proxy import errors
from policy_proxy.backend import Backend, Outbound

GET = Outbound("GET", "/resource_providers", (("X-Auth-Token", "t"),))


@pytest.fixture
def placement() -> Iterator[RawBackend]:
    with RawBackend(answering(OK)) as backend:
        yield backend


@pytest.fixture
def ours(tmp_path):
    return self_signed(tmp_path, "ours")


@pytest.fixture
def guarded(tmp_path, placement, ours) -> Iterator[tuple[str, str]]:
    """URL and authority of the server in front of the backend."""
    shown = self_signed(tmp_path, "placement")
    changes = {
        "listen 8443": "listen 127.0.0.1:{port}",
        "http://127.0.0.1:8780": placement.url,
        "/etc/placement-tls/placement.crt": shown.cert,
        "/etc/placement-tls/placement.key": shown.key,
        "/etc/placement-tls/proxies-ca.crt": ours.cert,
    }
    with nginx.serving(tmp_path, "mutual-tls/nginx.conf", changes) as url:
        yield url.replace("http:", "https:"), shown.cert


def test_only_the_proxys_certificate_opens_the_backend(guarded, placement, ours, tmp_path):
    url, authority = guarded
    other = self_signed(tmp_path, "other")
    shown = {"certfile": ours.cert, "keyfile": ours.key}
    wrong = {"certfile": other.cert, "keyfile": other.key}

    assert Backend(settings(url, cafile=authority, **shown)).exchange(GET).status == 200
    assert len(placement.requests) == 1
    for none in ({}, wrong):
        assert _refused(settings(url, cafile=authority, **none))
    assert len(placement.requests) == 1


def _refused(chosen) -> bool:
    """In the handshake, or by a 400 from nginx."""
    try:
        return Backend(chosen).exchange(GET).status == 400
    except errors.BackendFailed:
        return True
