"""Files of the suite through Envoy, Caddy and Traefik, as etc/ has them, with an authorizer to ask.

The authorizer has the policy that the fixtures of these files give to Placement.
"""

from __future__ import annotations

from collections.abc import Iterator
from configparser import RawConfigParser
from urllib.parse import urlsplit

import pytest

from harness import front_ends, sections
from harness.front_ends import documented, front_end
from harness.gabbi_suite import run
from harness.serve import serving
from integration.gabbi import differences_front_ends
from integration.gabbi.test_gabbi_proxy import OTHERS, SECTIONS

FILES = [
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
"""Writes and reads of each kind, and most of the tests that end otherwise than through nginx."""


@pytest.fixture(scope="module", params=front_ends.NAMES)
def front(request, cloud, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The name of a front end, and its URL."""
    parser = RawConfigParser()
    parser.read_string(documented(request.param))
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "policy.yaml").write_text("{}\n")
    path = sections.written(
        folder,
        {
            "authorizer": dict(parser["authorizer"]),
            "health": {"interval": "3600"},
            "keystone_authtoken": sections.authtoken(
                cloud.keystone_url, cloud.proxy_user, cloud.proxy_password
            ),
            "oslo_policy": SECTIONS[OTHERS]["oslo_policy"],
        },
    )
    placement = urlsplit(cloud.placement_url).port
    with (
        serving(path) as authorizer,
        front_end(
            request.param, folder / "front", authorizer=authorizer.port, placement=placement
        ) as served,
    ):
        yield request.param, served.url


@pytest.mark.parametrize("file", FILES)
def test_the_suite_passes_through_a_front_end(front, cloud, count, file):
    name, url = front
    cloud.placement.restart()
    outcome = run(file, url, cloud.client, differences_front_ends.of(name, file))
    count(f"through {name} and the authorizer", outcome)
    assert cloud.proxy_grant not in cloud.placement.callers
