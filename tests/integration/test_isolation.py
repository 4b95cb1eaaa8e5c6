"""Clients cannot go around the proxy: client, proxy and backend are hosts of their own, joined by
real (virtual) networks, and docs/isolation.md says which file keeps them apart.
"""

from __future__ import annotations

import http.client
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from docs_from_code import ROOT
from harness import namespaces, proxy, server
from harness.keystone import Keystone
from harness.namespaces import Host
from harness.programs import missing
from harness.proxy import ADMIN, PROXY_USER, SERVICE_GRANT
from harness.serve import COMMAND
from integration.raw_backend import RawBackend, placement

RULES = ROOT / "etc" / "nftables" / "placement.nft"
PROXY_PORT, BACKEND_PORT = 8778, 8780
FLAT = [["client", "proxy", "backend"]]
"""All on one network: who may speak to whom is for a firewall to say."""
APART = [["client", "proxy"], ["proxy", "backend"]]
"""The proxy alone is on both networks."""


class Site:
    """A client, a proxy and a backend that runs, each on its host."""

    def __init__(self, hosts, keystone: Keystone, backend: RawBackend) -> None:
        self.client: Host = hosts["client"]
        self.proxy: Host = hosts["proxy"]
        self.backend_host: Host = hosts["backend"]
        self.backend = backend
        self._token = keystone.issue(ADMIN)

    def ask(self, host: Host, address: str, port: int) -> int | str:
        """The status that an administrator gets there from this host; or why there is none."""
        return host.call(_ask, address, port, self._token)

    def through(self) -> int | str:
        return self.ask(self.client, self.proxy.addresses[0], PROXY_PORT)

    def around(self) -> int | str:
        return self.ask(self.client, self.backend_host.addresses[-1], BACKEND_PORT)


def _ask(address: str, port: int, token: str) -> int | str:
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        headers = {"X-Auth-Token": token, "Accept": "application/json"}
        connection.request("GET", "/resource_providers", headers=headers)
        return connection.getresponse().status
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


@contextmanager
def site(folder: Path, segments: list[list[str]]) -> Iterator[Site]:
    if why := namespaces.missing():
        missing(why)
    password = secrets.token_hex()
    keystone = Keystone({PROXY_USER: (password, SERVICE_GRANT)})
    with ExitStack() as stack:
        hosts = stack.enter_context(namespaces.hosts(segments))
        listener = hosts["backend"].call(_listening)
        backend = stack.enter_context(RawBackend(placement, listener=listener))
        identity = hosts["proxy"].call(stack.enter_context, server.serving(keystone))
        where = f"http://{hosts['backend'].addresses[-1]}:{BACKEND_PORT}"
        path = proxy.configuration(folder, backend=where, keystone=identity, password=password)
        stack.enter_context(_serving(hosts["proxy"], path))
        yield Site(hosts, keystone, backend)


def _listening() -> socket.socket:
    return socket.create_server(
        ("::", BACKEND_PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64
    )


@contextmanager
def _serving(host: Host, configuration: Path) -> Iterator[None]:
    """`policy-proxy serve` on this host."""
    address, log = host.addresses[0], configuration.with_suffix(".log")
    where = ("--host", address, "--port", PROXY_PORT)
    command = host.command(COMMAND, "serve", "--config-file", configuration, *where)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while host.call(_health, address) != http.client.OK:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _health(address: str) -> int | str:
    connection = http.client.HTTPConnection(address, PROXY_PORT, timeout=2)
    try:
        connection.request("GET", "/healthcheck")
        return connection.getresponse().status
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


@pytest.fixture(scope="module")
def flat(tmp_path_factory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("flat"), FLAT) as made:
        yield made


def load_rules(made: Site, folder: Path) -> None:
    """The file of the documentation, with the addresses of these hosts."""
    text = RULES.read_text()
    for name, address in (
        ("PROXIES", made.proxy.addresses[0]),
        ("PROXIES6", made.proxy.addresses6[0]),
    ):
        text, count = re.subn(
            rf"^define {name} = .*$", f"define {name} = {{ {address} }}", text, flags=re.MULTILINE
        )
        assert count == 1
    path = folder / "placement.nft"
    path.write_text(text)
    for options in (["--check", "--file"], ["--file"], ["--file"]):
        made.backend_host.run("nft", *options, path)


def test_by_the_rules_of_the_firewall_only_the_proxy_reaches_the_backend(flat, tmp_path):
    backend, client = flat.backend_host, flat.client
    assert flat.around() == 200, "without rules, the backend is open: that is what they are for"
    kept = client.call(_kept_connection, backend.addresses[0])

    load_rules(flat, tmp_path)
    heard = len(flat.backend.requests)

    assert flat.around() == "ConnectionRefusedError"
    assert flat.ask(client, backend.addresses6[0], BACKEND_PORT) == "ConnectionRefusedError"
    assert flat.ask(backend, "127.0.0.1", BACKEND_PORT) == "ConnectionRefusedError"
    assert _still_answers(kept) is False, "a connection from before is no way in either"
    assert len(flat.backend.requests) == heard

    assert flat.through() == 200
    assert flat.ask(flat.proxy, backend.addresses6[0], BACKEND_PORT) == 200
    assert len(flat.backend.requests) > heard
    assert re.search(
        r"counter packets [1-9]", backend.run("nft", "list", "table", "inet", "placement")
    )


def _kept_connection(address: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(address, BACKEND_PORT, timeout=1)
    connection.request("GET", "/")
    connection.getresponse().read()
    return connection


def _still_answers(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/resource_providers")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def test_without_a_route_only_the_proxy_reaches_the_backend(tmp_path):
    with site(tmp_path, APART) as apart:
        near, far = apart.proxy.addresses
        assert apart.around() == "OSError", "the network is unreachable"

        # Whoever has the client's host may give it any route; what counts is the proxy's kernel.
        apart.client.run("ip", "route", "add", "10.77.2.0/24", "via", near)
        apart.backend_host.run("ip", "route", "add", "10.77.1.0/24", "via", far)
        heard = len(apart.backend.requests)
        assert apart.proxy.run("cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"
        assert apart.around() == "TimeoutError"
        assert len(apart.backend.requests) == heard

        assert apart.through() == 200
        apart.proxy.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        assert apart.around() == 200, "a proxy's host that forwards is a way around the proxy"
