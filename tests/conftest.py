"""What all tests share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from hypothesis import settings

from harness.keystone import Keystone
from harness.proxy import PROXY_USER, SERVICE_GRANT
from harness.server import serving

# Shared machines are slow by fits and starts: an example that takes long says nothing.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def password() -> str:
    """Of the proxy's user, in the Keystone for tests."""
    return secrets.token_urlsafe()


@pytest.fixture(scope="session")
def keystone(password: str) -> Keystone:
    return Keystone({PROXY_USER: (password, SERVICE_GRANT)})


@pytest.fixture(scope="session")
def keystone_url(keystone: Keystone) -> Iterator[str]:
    with serving(keystone) as url:
        yield url
