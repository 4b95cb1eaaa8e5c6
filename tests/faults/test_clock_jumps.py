"""The clock of the proxy's host jumps ahead, or back: tokens go by it, and nothing else does."""

from __future__ import annotations

import datetime as dt
import time

import pytest
import time_machine

from harness import keystone as keystones
from harness.proxy import ADMIN, READER, Proxy, configuration
from integration.raw_backend import RawBackend, placement

HOUR = dt.timedelta(hours=1)
AHEAD, BACK = 5 * HOUR, -24 * HOUR
OPEN_TO_READERS = '"placement:traits:list": "role:reader"\n'
INTERVAL = 0.05


@pytest.fixture
def steady_keystone(monkeypatch, keystone):
    """On another host, whose clock is right: its tokens expire an hour from now, whatever the clock
    here says.
    """
    expires = (dt.datetime.now(dt.UTC) + HOUR).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    made = keystones.document

    def document(grant, url):
        told = made(grant, url)
        told["token"]["expires_at"] = expires
        return told

    monkeypatch.setattr(keystones, "document", document)
    return keystone


@pytest.fixture
def proxied(tmp_path, steady_keystone, keystone_url, password):
    """Gives the chain, with these seconds of memory."""
    built = []
    with RawBackend(placement) as backend:

        def proxy(remembered):
            path = configuration(
                tmp_path,
                backend=backend.url,
                keystone=keystone_url,
                password=password,
                options=f"[policy]\nwatch_interval = {INTERVAL}\n"
                f"[identity_cache]\nttl = {remembered}\nrefusal_ttl = 0",
            )
            built.append(Proxy.built(path, steady_keystone))
            return built[0]

        yield proxy
        for one in built:
            one.app.close()


@pytest.fixture
def jumped():
    """Sets the clock ahead or back, from what it truly is."""
    return lambda by: time_machine.travel(dt.datetime.now(dt.UTC) + by, tick=True)


def status(proxy, token, target="/traits"):
    return proxy.ask("GET", target, grant=None, headers={"X-Auth-Token": token}).status_int


@pytest.mark.parametrize("remembered", [0, 60])
def test_ahead_no_token_counts_as_valid_and_behind_each_does(proxied, jumped, remembered):
    proxy = proxied(remembered)
    known = proxy.keystone.issue(ADMIN)
    assert status(proxy, known) == 200
    began = time.monotonic()
    for by, admitted, denied in ((AHEAD, 401, 401), (BACK, 200, 403)):
        with jumped(by):
            assert status(proxy, proxy.keystone.issue(ADMIN)) == admitted
            assert status(proxy, proxy.keystone.issue(READER)) == denied
            assert status(proxy, known) == (200 if remembered else admitted)
    assert status(proxy, proxy.keystone.issue(ADMIN)) == 200
    assert time.monotonic() - began < 5


def test_a_jump_keeps_no_identity_longer_than_its_time(proxied, jumped):
    """Set back by a day, what is remembered for a moment is not remembered for a day."""
    proxy = proxied(0.2)
    known = proxy.keystone.issue(ADMIN)
    assert status(proxy, known) == 200
    with jumped(BACK):
        assert status(proxy, known) == 200
        time.sleep(0.3)
    with jumped(AHEAD):
        assert status(proxy, known) == 401


@pytest.mark.parametrize("by", [AHEAD, BACK])
def test_a_changed_policy_is_in_force_as_soon_as_ever(proxied, jumped, tmp_path, by):
    proxy = proxied(60)
    reader = proxy.keystone.issue(READER)
    assert status(proxy, reader) == 403
    with jumped(by):
        (tmp_path / "policy.yaml").write_text(OPEN_TO_READERS)
        deadline = time.monotonic() + 3
        while status(proxy, reader) != 200:
            assert time.monotonic() < deadline
            time.sleep(INTERVAL)
        assert proxy.records()[-1]["outcome"] == "allowed"
        assert proxy.records()[-1]["duration_ms"] < 3000
