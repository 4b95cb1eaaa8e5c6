"""The suite through Envoy, Caddy and Traefik, as etc/ has them; in CI some of its files.

The authorizer that they ask has the policy that the suite's fixtures give to Placement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from configparser import RawConfigParser
from contextlib import ExitStack
from functools import cache
from urllib.parse import urlsplit

import pytest

from harness import front_ends
from harness.front_ends import documented, front_end
from harness.gabbi_cloud import OTHERS, SECTIONS
from harness.gabbi_suite import FILES, load, run
from harness.serve import serving
from integration.gabbi import differences_front_ends
from integration.servers import table

SOME = [
    "allocations-post.yaml",
    "basic-http.yaml",
    "cors.yaml",
    "inventory.yaml",
    "microversion.yaml",
    "reshaper.yaml",
    "resource-provider.yaml",
    "traits.yaml",
    "unicode.yaml",
]
"""Writes and reads of each kind, and most of the tests that end otherwise than through nginx; one
policy.
"""


@pytest.fixture(scope="module", params=front_ends.NAMES)
def front(request, cloud, tmp_path_factory) -> Iterator[tuple[str, Callable[[str], str]]]:
    """The name of a front end, and what gives its URL with a policy: that of a fixture."""
    name = request.param
    parser = RawConfigParser()
    parser.read_string(documented(name))
    section = dict(parser["authorizer"])
    placement = urlsplit(cloud.placement_url).port
    with ExitStack() as stack:

        @cache
        def url_with(fixture: str) -> str:
            folder = tmp_path_factory.mktemp(name)
            path = cloud.authorizer(fixture, section, folder)
            port = stack.enter_context(serving(path)).port
            front = front_end(name, folder / "front", authorizer=port, placement=placement)
            return stack.enter_context(front).url

        yield name, url_with


@pytest.mark.parametrize("file", FILES if table.everything() else SOME)
def test_the_suite_passes_through_a_front_end(front, cloud, count, file):
    name, url_with = front
    (fixture,) = load(file)["fixtures"]
    cloud.placement.restart()
    url = url_with(fixture if fixture in SECTIONS and fixture != "CORSFixture" else OTHERS)
    outcome = run(file, url, cloud.client, differences_front_ends.of(name, file))
    count(f"through {name} and the authorizer", outcome)
    assert cloud.proxy_grant not in cloud.placement.callers
