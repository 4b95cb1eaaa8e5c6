"""The suite through the proxy, which has the policy that the suite's fixtures give to Placement.

It runs twice. With `[backend] credentials = caller`, Placement decides as well. With `service`, the
proxy's own user is one whom Placement lets do everything, and only the proxy's policy can make the
files about roles pass.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from harness.gabbi_cloud import OTHERS, SECTIONS
from harness.gabbi_suite import FILES, load, run
from harness.serve import Served, serving
from integration.gabbi.differences import DIFFERENCES


@pytest.fixture(scope="module", params=["caller", "service"])
def proxies(request, cloud, tmp_path_factory) -> Iterator[dict[str, Served]]:
    """A proxy for each policy, by the fixture that has it; the parameter is the credentials."""
    with ExitStack() as stack:
        running = {}
        for fixture in SECTIONS:
            directory = tmp_path_factory.mktemp(fixture)
            configuration = cloud.configuration(fixture, request.param, directory)
            running[fixture] = stack.enter_context(serving(configuration, wait=False))
        with cloud.placement.idle():
            for started in running.values():
                started.wait_until_ready()
        yield running


@pytest.mark.parametrize("file", FILES)
def test_the_suite_passes_through_the_proxy(proxies, cloud, count, request, file):
    credentials = request.node.callspec.params["proxies"]
    (fixture,) = load(file)["fixtures"]
    cloud.placement.restart()
    url = proxies.get(fixture, proxies[OTHERS]).url
    count(
        f"through the proxy, credentials = {credentials}",
        run(file, url, cloud.client, DIFFERENCES.get(file)),
    )
    if credentials == "service":
        assert cloud.placement.callers <= {cloud.proxy_grant}
    else:
        assert cloud.proxy_grant not in cloud.placement.callers


def test_behind_an_open_policy_only_placement_itself_refuses(proxies, cloud, request):
    """So the files about roles do tell whose policy decides."""
    cloud.placement.restart()
    outcome = run("usage-secure-rbac.yaml", proxies["OpenPolicyFixture"].url, cloud.client)
    trusting = request.node.callspec.params["proxies"] == "service"
    assert bool(outcome.wrong) == trusting, outcome.wrong


def test_a_content_length_that_is_no_number_is_refused(proxies):
    """The one request of the suite that its client cannot send, by hand."""
    address = urlsplit(proxies[OTHERS].url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"POST /resource_providers HTTP/1.1\r\nHost: placement\r\n"
            b"Content-Type: application/json\r\nContent-Length: hi mom\r\n\r\n{}"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
