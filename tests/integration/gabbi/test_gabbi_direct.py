"""The suite against Placement itself: what is not in the proxy's way is not the proxy's doing."""

from __future__ import annotations

import pytest

from harness.gabbi_suite import FILES, run


@pytest.mark.parametrize("file", FILES)
def test_the_suite_passes_without_the_proxy(cloud, count, file):
    cloud.placement.restart()
    count("direct", run(file, cloud.placement_url, cloud.client))
