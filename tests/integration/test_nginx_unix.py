"""The authorizer on a unix socket, which nginx asks and whose word on the client counts."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from harness import nginx
from harness.proxy import ADMIN, configuration
from harness.serve import serving
from harness.stack import eventually

SECTIONS = """
[server]
unix_socket = {socket}
forwarded_header = x-forwarded-for
trusted_proxies = unix
[authorizer]
front_end = nginx
trusted_addresses = {trusted}
"""


def asked(url, token, **headers):
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", "/traits", headers={"X-Auth-Token": token, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def record_of(tmp_path, backend, keystone, keystone_url, password, trusted):
    """The last record, of a request with a token that is good; and what the client got."""
    socket = tmp_path / "authorizer.sock"
    path = configuration(
        tmp_path,
        backend=backend.url,
        keystone=keystone_url,
        password=password,
        options=SECTIONS.format(socket=socket, trusted=trusted),
    )
    addresses = nginx.authorizing("", backend.url) | {"127.0.0.1:8777": f"unix:{socket}"}
    with (
        serving(path, wait=False),
        nginx.serving(tmp_path, "nginx-authorizer.conf", addresses) as url,
    ):
        token = keystone.issue(ADMIN)
        eventually(lambda: asked(url, token) != 503)
        status = asked(url, token, **{"X-Forwarded-For": "192.0.2.66"})
    return json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[-1]), status


def test_the_client_is_who_asked_nginx(tmp_path, backend, keystone, keystone_url, password):
    things = (tmp_path, backend, keystone, keystone_url, password)
    record, status = record_of(*things, trusted="unix")
    assert (status, record["outcome"], record["client"]) == (200, "allowed", "127.0.0.1")


def test_a_unix_socket_is_no_address_of_this_host(
    tmp_path, backend, keystone, keystone_url, password
):
    things = (tmp_path, backend, keystone, keystone_url, password)
    record, status = record_of(*things, trusted="127.0.0.0/8")
    assert (status, record["outcome"]) == (400, "rejected")
