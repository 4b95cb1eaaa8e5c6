"""The chain over a backend that records, and over a Keystone for tests."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest
from jsonschema import Draft202012Validator
from keystonemiddleware import auth_token

from docs_from_code import audit
from harness.proxy import Proxy, configuration
from integration.raw_backend import OK, RawBackend, answering

RECORD = Draft202012Validator(json.loads(audit.schema()))


def valid(proxy):
    """Every audit record that a test has left is as docs/ says."""
    if (proxy.folder / "audit.jsonl").is_file():
        for record in proxy.records():
            RECORD.validate(record)


@pytest.fixture
def make_proxy(tmp_path, keystone, keystone_url, password):
    """Build a proxy in front of a backend; further words go into its configuration."""

    with ExitStack() as built:

        def make(backend, **more):
            path = configuration(
                tmp_path, backend=backend.url, keystone=keystone_url, password=password, **more
            )
            proxy = Proxy.built(path, keystone)
            built.callback(valid, proxy)
            built.callback(proxy.app.close)
            return proxy

        yield make


@pytest.fixture
def recorder():
    """A backend that answers `{}` to everything and keeps the bytes that it got."""
    with RawBackend(answering(OK)) as backend:
        yield backend


@pytest.fixture
def proxy(make_proxy, recorder):
    return make_proxy(recorder)


@pytest.fixture
def read(monkeypatch):
    """The requests of which auth_token looked at the token."""
    seen = []
    process = auth_token.AuthProtocol.process_request

    def noted(self, request):
        seen.append(request.path)
        return process(self, request)

    monkeypatch.setattr(auth_token.AuthProtocol, "process_request", noted)
    return seen
