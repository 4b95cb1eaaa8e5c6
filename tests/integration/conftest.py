"""The real stack, started once for all tests that ask for it; a backend for all others."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from harness.browser import Missing, chromium
from harness.programs import missing
from harness.stack import Stack, processes_of, running
from integration.raw_backend import RawBackend, placement

COSTLY = ("stack", "story", "browser")
"""Fixtures that start Keystone and Placement, or a browser."""
SERVERS = ("between", "etc", "fronts", "front", "guarded", "passing", "proxies", "served")
"""Fixtures of a module that start servers."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Real Keystone, real Placement and the proxy, as `policy-proxy up` runs them."""
    with running(tmp_path_factory.mktemp("stack") / "state", "--no-tour") as started:
        yield started
        assert started.stop(signal.SIGTERM) == 0
        assert processes_of(started.state_dir) == {}


@pytest.fixture(scope="module")
def backend() -> Iterator[RawBackend]:
    """Stands in Placement's place, and keeps the bytes that it got."""
    with RawBackend(placement) as backend:
        yield backend


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For pages. Closed after each module, for the sake of tests that use asyncio."""
    try:
        with chromium() as launched:
            yield launched
    except Missing as why:
        missing(str(why))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send all tests that share a stack, a browser or servers to one process of pytest-xdist, so
    that it starts once.
    """
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str:
    """Empty for a test that may run anywhere. In two groups it would be in one of its own."""
    asked = getattr(item, "fixturenames", ())
    costly = [name for name in COSTLY if name in asked]
    if costly or item.get_closest_marker("xdist_group"):
        return next(iter(costly), "")
    return item.path.stem if any(name in asked for name in SERVERS) else ""
