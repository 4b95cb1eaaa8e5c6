"""Placement's own gabbi suite through the proxy in each server; in CI some of its files."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from harness.gabbi_cloud import OTHERS, SECTIONS, clouded
from harness.gabbi_suite import FILES, UNSENDABLE, load, run
from harness.servers import Options, launched
from integration.gabbi.differences import DIFFERENCES
from integration.servers import table

SOME = (
    "allocations-1.28.yaml",
    "allocations.yaml",
    "basic-http.yaml",
    "inventory.yaml",
    "microversion.yaml",
    "reshaper.yaml",
    "resource-provider-links.yaml",
    "traits.yaml",
    "unicode.yaml",
    "usage.yaml",
)
"""Bodies of all sizes, answers of all kinds, odd names and headers; one policy."""


@pytest.fixture(scope="module")
def cloud():
    with clouded() as cloud:
        yield cloud


@pytest.fixture
def urls(server, cloud, tmp_path):
    """The base URL of a proxy for each policy, by the fixture that has it."""
    if server.name == "granian" and not table.everything():
        pytest.skip("nothing is missed: test_gabbi_proxy.py runs all of it through `serve`")
    needed = {fixture_of(file) for file in files()}
    with ExitStack() as stack:
        urls = {}
        with cloud.placement.idle():
            for fixture in needed:
                folder = tmp_path / fixture
                folder.mkdir()
                configuration = cloud.configuration(fixture, "caller", folder)
                options = Options(configuration, folder)
                urls[fixture] = stack.enter_context(launched(server, options)).url
        yield urls


def files():
    return FILES if table.everything() else SOME


def fixture_of(file):
    (fixture,) = load(file)["fixtures"]
    return fixture if fixture in SECTIONS else OTHERS


def test_the_suite_passes_in_every_server(urls, cloud, told):
    total, passed, wrong = len(UNSENDABLE), 0, []
    for file in files():
        cloud.placement.restart()
        url = urls[fixture_of(file)]
        outcome = run(file, url, cloud.client, DIFFERENCES.get(file))
        total, passed = total + outcome.total, passed + outcome.passed
        wrong += [f"{file}: {name}: {text}" for name, text in outcome.wrong.items()]
    assert not wrong, "\n\n".join(wrong)
    if table.everything():
        told("Placement's own tests", "tests of its gabbi suite that pass", f"{passed} of {total}")
