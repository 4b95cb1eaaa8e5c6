"""The suite through nginx, as etc/nginx-authorizer.conf has it, with an authorizer to ask.

The authorizer has the policy that the suite's fixtures give to Placement.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import yaml

from harness import nginx, sections
from harness.gabbi_suite import FILES, load, run
from harness.serve import serving
from integration.gabbi.differences_nginx import DIFFERENCES
from integration.gabbi.test_gabbi_proxy import OTHERS, RULES, SECTIONS


@pytest.fixture(scope="module")
def fronts(cloud, tmp_path_factory) -> Iterator[dict[str, str]]:
    """The URL of an nginx for each policy, by the fixture that has it."""
    common = {
        "authorizer": {"front_end": "nginx"},
        "health": {"interval": "3600"},
        "keystone_authtoken": sections.authtoken(
            cloud.keystone_url, cloud.proxy_user, cloud.proxy_password
        ),
    }
    with ExitStack() as stack:
        authorizers = {}
        for fixture in SECTIONS:
            folder = tmp_path_factory.mktemp(fixture)
            (folder / "policy.yaml").write_text(yaml.safe_dump(RULES.get(fixture, {})))
            own = {"oslo_policy": SECTIONS[fixture]["oslo_policy"]}
            path = sections.written(folder, {**own, **common})
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
