"""What all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from harness import secrets
from harness.keystone import Keystone
from harness.proxy import PROXY_USER, SERVICE_GRANT
from harness.server import serving

pytest_plugins = ["harness.secrets_searched"]

# Shared machines are slow by fits and starts: an example that takes long says nothing. A gate gives
# the same answer twice: where it runs the examples are always the same ones, elsewhere new ones.
settings.register_profile("default", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True, database=None)
settings.load_profile("gate" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True)
def our_loggers_speak() -> None:
    """Libraries that configure logging in this process can switch off what was there before."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and logger.name.startswith("policy_proxy"):
            logger.disabled = False
            logger.propagate = True
    logging.root.manager._clear_cache()


@pytest.fixture(scope="session")
def password() -> str:
    """Of the proxy's user, in the Keystone for tests."""
    return secrets.made()


@pytest.fixture(scope="session")
def keystone(password: str) -> Keystone:
    return Keystone({PROXY_USER: (password, SERVICE_GRANT)})


@pytest.fixture(scope="session")
def keystone_url(keystone: Keystone) -> Iterator[str]:
    with serving(keystone) as url:
        yield url
