"""The suite through the chain around Placement, in one process, with no connection between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.gabbi_cloud import OTHERS, SECTIONS
from harness.gabbi_suite import FILES, load, run
from harness.server import serving
from integration.gabbi.differences import DIFFERENCES
from policy_proxy.wsgi import filter_factory


@pytest.fixture(scope="module")
def guarded(cloud, tmp_path_factory) -> Iterator[dict[str, str]]:
    """The URL of Placement with a chain around it for each policy, by the fixture that has it."""
    with ExitStack() as stack:
        urls = {}
        for fixture in SECTIONS:
            path = cloud.configuration(fixture, "caller", tmp_path_factory.mktemp(fixture))
            door = filter_factory({}, config_file=str(path))(cloud.placement)
            urls[fixture] = url = stack.enter_context(serving(door))
            # the server calls itself by a name, where the suite wants to see what it asked
            path.write_text(f"{path.read_text()}\n[server]\npublic_url = {url}\n")
            stack.callback(door.opened().close)
        yield urls


@pytest.mark.parametrize("file", FILES)
def test_the_suite_passes_in_placements_process(guarded, cloud, count, file):
    (fixture,) = load(file)["fixtures"]
    cloud.placement.restart()
    url = guarded.get(fixture, guarded[OTHERS])
    count("in Placement's process", run(file, url, cloud.client, DIFFERENCES.get(file)))
    assert cloud.proxy_grant not in cloud.placement.callers
