"""Pictures for the documentation, of the pages that its commands make from the policies that it
shows.

`make pictures` takes them anew. No test compares them with what is there, for no two browsers draw
alike.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Browser, Page

from docs_from_code import ROOT
from harness.browser import chromium
from policy_proxy.cli import main

GUIDE = ROOT / "docs" / "matrix.md"
FOLDER = ROOT / "docs" / "pictures"
YAML = re.compile(r"^```yaml\n# (\S+)\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
WIDTH, HEIGHT = 1180, 730


def write() -> None:
    """Write every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        address = _made(Path(folder)).as_uri()
        page = _opened(browser, address, "light")
        page.get_by_label("only what changes").set_checked(True, force=True)
        page.screenshot(path=FOLDER / "matrix.png")
        page = _opened(browser, address, "dark")
        page.locator("td.changed button").first.click()
        page.screenshot(path=FOLDER / "matrix-explanation.png")


def _made(folder: Path) -> Path:
    """The page of the guide's policies, made where they lie."""
    names = []
    for name, rules in YAML.findall(GUIDE.read_text(encoding="utf-8")):
        (folder / name).write_text(f"# {name}\n{rules}\n", encoding="utf-8")
        names.append(name)
    with contextlib.chdir(folder):
        arguments = ["policy", "matrix", *names, "--format", "html", "--output", "matrix.html"]
        CliRunner().invoke(main, arguments, catch_exceptions=False)
    return folder / "matrix.html"


def _opened(browser: Browser, address: str, scheme: str) -> Page:
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme=scheme,
        offline=True,
    )
    page.goto(address)
    return page


if __name__ == "__main__":
    write()
