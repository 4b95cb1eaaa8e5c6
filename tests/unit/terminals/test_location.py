from __future__ import annotations

import pytest

from policy_proxy.model import Operation
from policy_proxy.terminals.location import base_of, rewritten

OPERATIONS = (
    Operation("x", "GET", "/resource_providers/{uuid}"),
    Operation("x", "GET", "/traits/{name}"),
)
UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
ENVIRON = {
    "wsgi.url_scheme": "http",
    "SERVER_NAME": "192.0.2.1",
    "SERVER_PORT": "8778",
    "SCRIPT_NAME": "",
    "HTTP_HOST": "evil.example",
}


@pytest.mark.parametrize(
    ("environ", "public_url", "base"),
    [
        ({}, None, "http://192.0.2.1:8778"),
        ({"SCRIPT_NAME": "/placement"}, None, "http://192.0.2.1:8778/placement"),
        ({"SERVER_NAME": "::1"}, None, "http://[::1]:8778"),
        ({"SERVER_NAME": "0.0.0.0"}, None, ""),
        ({"SERVER_NAME": "::", "SCRIPT_NAME": "/p"}, None, "/p"),
        ({"SERVER_NAME": "/run/proxy.sock", "SERVER_PORT": "0"}, None, ""),
        ({"SCRIPT_NAME": "/x"}, "https://placement.example/p/", "https://placement.example/p"),
    ],
)
def test_the_base_is_configured_or_the_servers_own(environ, public_url, base):
    assert base_of({**ENVIRON, **environ}, public_url) == base


@pytest.mark.parametrize(
    ("location", "backend", "ours"),
    [
        (
            f"http://10.0.0.7:1/resource_providers/{UUID}",
            "http://10.0.0.7:1",
            f"/resource_providers/{UUID}",
        ),
        ("/placement/traits/CUSTOM_A", "http://b/placement", "/traits/CUSTOM_A"),
        ("http://evil.example/traits/CUSTOM_A", "http://b", "/traits/CUSTOM_A"),
        ("http://b/admin", "http://b", None),
        ("http://b/traits/", "http://b", None),
        ("http://b/traits/A/../../x", "http://b", None),
        ("http://b/traits/A?x=1", "http://b", None),
        ("http://b/traits/%0aX", "http://b", None),
        ("", "http://b", None),
        ("http://[b/traits/A", "http://b", None),
    ],
)
def test_a_location_is_the_proxys_or_dropped(location, backend, ours):
    expected = "https://proxy" + ours if ours else ""
    assert rewritten(location, backend, "https://proxy", OPERATIONS) == expected
