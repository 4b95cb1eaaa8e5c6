"""Each front end, its authorizer and a recording backend: started once."""

from __future__ import annotations

import pytest

from harness import front_ends
from harness.asked import section
from harness.front_ends import front_end
from harness.proxy import configuration
from harness.serve import serving
from integration.front_ends.site import Site
from integration.raw_backend import OK, RawBackend, answering

WHOLE = {"envoy": {"body": "whole"}}
"""What the file in etc/ asks of the authorizer's configuration."""


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(f"front end {name}"))
        for name in front_ends.NAMES
    ],
)
def site(request, tmp_path_factory, keystone, keystone_url, password):
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    path = configuration(
        folder,
        backend="http://nowhere.invalid",
        keystone=keystone_url,
        password=password,
        options=section(name, **WHOLE.get(name, {})),
    )
    with (
        RawBackend(answering(OK)) as backend,
        serving(path) as authorizer,
        front_end(
            name, folder / "front", authorizer=authorizer.port, placement=backend.port
        ) as front,
    ):
        yield Site(name, front, folder / "audit.jsonl", backend, keystone.issue)
        assert b"gAAAA" not in front.log.read_bytes(), "a token is in the log"
