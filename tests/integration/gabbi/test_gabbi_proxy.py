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
import yaml
from placement import policies

from harness import sections
from harness.gabbi_suite import FILES, load, run
from harness.serve import Served, serving
from integration.gabbi.differences import DIFFERENCES

OTHERS = "APIFixture"
EVERYBODY = {rule.name: "@" for rule in policies.list_rules() if rule.name != "admin_api"}
RULES = {"OpenPolicyFixture": EVERYBODY}
CORS = {
    "allowed_origin": "http://valid.example.com",
    "allow_headers": "openstack-api-version",
}
SECTIONS = {
    OTHERS: {"oslo_policy": {"enforce_new_defaults": "false"}},
    "OpenPolicyFixture": {"oslo_policy": {"enforce_new_defaults": "false"}},
    "SecureRBACPolicyFixture": {"oslo_policy": {"enforce_new_defaults": "true"}},
    "CORSFixture": {"oslo_policy": {"enforce_new_defaults": "false"}, "cors": CORS},
}
"""What fixtures of the suite set in placement.conf. Those not named here set what `OTHERS` does."""


@pytest.fixture(scope="module", params=["caller", "service"])
def proxies(request, cloud, tmp_path_factory) -> Iterator[dict[str, Served]]:
    """A proxy for each policy, by the fixture that has it; the parameter is the credentials."""
    common = {
        "backend": {"url": cloud.placement_url, "credentials": request.param},
        "health": {"interval": "3600"},  # a file's Placement must not be asked before it is set up
        "keystone_authtoken": sections.authtoken(
            cloud.keystone_url, cloud.proxy_user, cloud.proxy_password
        ),
    }
    with ExitStack() as stack:
        running = {}
        for fixture, own in SECTIONS.items():
            directory = tmp_path_factory.mktemp(fixture)
            (directory / "policy.yaml").write_text(yaml.safe_dump(RULES.get(fixture, {})))
            configuration = sections.written(directory, {**own, **common})
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
