"""A headless Chromium, for tests of pages."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "REQUIRE_CHROMIUM"
"""Set this in the environment to fail without a browser, instead of skipping what needs one."""
MISSING = "there is no Chromium: apt-get install chromium, as root"


def path() -> str:
    """Where it is. Skips the test if there is none, or fails it if one is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(MISSING)
    return found


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, which looks for nothing in the network.

    While it is open its event loop runs in this thread: asyncio cannot be used besides.
    """
    executable = path()
    quiet = ["--disable-quic", "--disable-gpu", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=quiet)
        try:
            yield browser
        finally:
            browser.close()
