"""Each front end, its authorizer and a recording backend: started once."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from harness import front_ends
from harness.front_ends import documented, front_end
from harness.proxy import configuration
from harness.serve import serving
from integration.front_ends.site import RealSite, Site
from integration.raw_backend import OK, RawBackend, answering

CLIENT = """
[server]
trusted_proxies = 127.0.0.1/32
forwarded_header = x-forwarded-for
"""
ADDED = {
    "caddy": {
        "\tbind 127.0.0.1\n": """\
\tbind 127.0.0.1
\thandle /added {
\t\treverse_proxy 127.0.0.1:8780
\t}
"""
    },
    "envoy": {
        "                      routes:\n": """\
                      routes:
                        - match: {path: /added}
                          route: {cluster: placement}
"""
    },
    "traefik": {
        "      service: placement\n": """\
      service: placement
    added:
      entryPoints: [placement]
      rule: Path(`/added`)
      service: placement
"""
    },
}
"""A route of an operator's own."""


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
        options=f"{documented(name)}{CLIENT}",
    )
    with (
        RawBackend(answering(OK)) as backend,
        serving(path) as authorizer,
        front_end(
            name,
            folder / "front",
            authorizer=authorizer.port,
            placement=backend.port,
            changes=ADDED.get(name),
        ) as front,
    ):
        yield Site(name, front, folder / "audit.jsonl", backend, keystone.issue)
        assert b"gAAAA" not in front.log.read_bytes(), "a token is in the log"


@pytest.fixture(scope="session", params=front_ends.NAMES)
def real_site(request, stack, tmp_path_factory):
    """The same between clients and a real Placement, with a real Keystone."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    text = (stack.state_dir / "policy-proxy.conf").read_text()
    text = re.sub(r"(?m)^file = .*$", f"file = {folder}/audit.jsonl", text)
    path = folder / "policy-proxy.conf"
    path.write_text(f"{text}\n{documented(name)}\n")
    placement = urlsplit(stack.placement_url).port
    with (
        serving(path) as authorizer,
        front_end(name, folder / "front", authorizer=authorizer.port, placement=placement) as front,
    ):
        yield RealSite(name, front, folder / "audit.jsonl")
