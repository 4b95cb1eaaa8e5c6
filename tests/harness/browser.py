"""A headless Chromium, for tests of pages and for pictures of them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


class Missing(Exception):
    """There is no browser; the message says how to get one."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, which looks for nothing in the network.

    While it is open its event loop runs in this thread: asyncio cannot be used besides.

    :raises Missing: if none is installed.
    """
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise Missing("there is no Chromium: apt-get install chromium, as root")
    quiet = ["--disable-quic", "--disable-gpu", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=quiet)
        try:
            yield browser
        finally:
            browser.close()
