"""The suite through nginx, as etc/nginx-authorizer.conf has it, with an authorizer to ask.

The authorizer has the policy that the suite's fixtures give to Placement.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness import nginx
from harness.gabbi_cloud import OTHERS, SECTIONS
from harness.gabbi_suite import FILES, load, run
from harness.serve import serving
from integration.gabbi.differences_nginx import DIFFERENCES


@pytest.fixture(scope="module")
def fronts(cloud, tmp_path_factory) -> Iterator[dict[str, str]]:
    """The URL of an nginx for each policy, by the fixture that has it."""
    with ExitStack() as stack:
        authorizers = {}
        for fixture in SECTIONS:
            folder = tmp_path_factory.mktemp(fixture)
            path = cloud.authorizer(fixture, {"front_end": "nginx"}, folder)
            authorizers[folder] = stack.enter_context(serving(path, wait=False))
        urls = {}
        for fixture, (folder, authorizer) in zip(SECTIONS, authorizers.items(), strict=True):
            authorizer.wait_until_ready()
            addresses = nginx.authorizing(authorizer.url, cloud.placement_url)
            urls[fixture] = stack.enter_context(
                nginx.serving(folder, "nginx-authorizer.conf", addresses)
            )
        yield urls


@pytest.mark.parametrize("file", FILES)
def test_the_suite_passes_through_nginx(fronts, cloud, count, file):
    (fixture,) = load(file)["fixtures"]
    cloud.placement.restart()
    outcome = run(file, fronts.get(fixture, fronts[OTHERS]), cloud.client, DIFFERENCES.get(file))
    count("through nginx and the authorizer", outcome)
    assert cloud.proxy_grant not in cloud.placement.callers
