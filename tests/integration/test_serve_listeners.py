"""Where `policy-proxy serve` listens, what it tells systemd, and whose address it records."""

from __future__ import annotations

import http.client
import json
import secrets
import signal
import socket
import ssl
import stat
import subprocess
import time
from functools import partial

import httpx
import pytest

from docs_from_code import ROOT
from harness import plain
from harness.certificates import self_signed, signed
from harness.load import load
from harness.programs import missing
from harness.proxy import ADMIN, configuration
from harness.serve import free_port, serving
from harness.stack import eventually

UNITS = sorted((ROOT / "etc" / "systemd").glob("*.service"))


@pytest.fixture
def path(tmp_path, keystone_url, password, backend):
    return configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)


def with_server(path, *lines):
    path.write_text("\n".join(["[server]", *lines, path.read_text()]))
    return path


def last_client(path):
    return json.loads((path.parent / "audit.jsonl").read_text().splitlines()[-1])["client"]


class OverUnix(http.client.HTTPConnection):
    def __init__(self, where, name=None):
        super().__init__("localhost", timeout=20)
        self._where = str(where)
        self._name = name

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        if self._name is not None:
            self.sock.bind(self._name)
        self.sock.connect(self._where)


def asked(connection, target, headers=()):
    connection.request("GET", target, headers=dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()


def ready_at(where):
    try:
        return asked(OverUnix(where), "/healthcheck")[0] == 200
    except OSError:
        return False


def test_a_unix_socket_serves_restarts_and_is_gone_afterwards(path, keystone):
    where = path.parent / "proxy.sock"
    with_server(path, f"unix_socket = {where}", "unix_socket_mode = 0620", "workers = 2")
    with serving(path, wait=False) as served:
        eventually(lambda: ready_at(where))
        kind = where.lstat().st_mode
        assert stat.S_ISSOCK(kind)
        assert stat.S_IMODE(kind) == 0o620
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))
        with load(partial(OverUnix, where), keystone.issue(ADMIN), kept=3, new=2) as seen:
            for rounds in (1, 2):
                time.sleep(0.2)
                served.process.send_signal(signal.SIGUSR2)
                eventually(lambda n=rounds: served.log.read_text().count("new workers serve") == n)
        assert seen.unanswered == []
        assert {*seen.answered} == {200}
        assert last_client(path) == ""
    assert not where.exists()


def test_a_client_of_the_unix_socket_has_no_address_whatever_it_calls_itself(
    path, keystone, monkeypatch
):
    where = path.parent / "proxy.sock"
    monkeypatch.chdir(path.parent)
    with serving(with_server(path, f"unix_socket = {where}"), wait=False):
        eventually(lambda: ready_at(where))
        status, document = asked(OverUnix(where, "127.0.0.1"), "/healthcheck?detailed=1")
        assert status == 200
        assert b"policy" not in document
        asked(OverUnix(where, "::1"), "/traits", {"X-Auth-Token": keystone.issue(ADMIN)})
        assert last_client(path) == ""


def over_tls(served, context):
    try:
        with httpx.Client(base_url=f"https://127.0.0.1:{served.port}", verify=context) as client:
            return client.get("/healthcheck").status_code
    except (httpx.TransportError, OSError):
        return 0


def test_only_clients_with_a_certificate_of_the_authority_are_served(path, tmp_path):
    proxy = self_signed(tmp_path, "proxy")
    authority, other = self_signed(tmp_path, "authority"), self_signed(tmp_path, "other")
    client, stranger = signed(tmp_path, "nova", authority), signed(tmp_path, "mallory", other)

    def context(shown=None, newest=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        made = ssl.create_default_context(cafile=proxy.cert)
        made.maximum_version = newest
        if shown:
            made.load_cert_chain(shown.cert, shown.key)
        return made

    lines = [f"tls_certfile = {proxy.cert}", f"tls_keyfile = {proxy.key}"]
    with_server(path, *lines, f"tls_client_ca = {authority.cert}")
    with serving(path, wait=False) as served:
        eventually(lambda: over_tls(served, context(client)) == 200)
        assert over_tls(served, context()) == 0
        assert over_tls(served, context(stranger)) == 0
        assert over_tls(served, context(client, ssl.TLSVersion.TLSv1_2)) == 0, "1.3 by default"

        path.write_text(path.read_text().replace("[server]", "[server]\ntls_min_version = 1.2", 1))
        served.process.send_signal(signal.SIGUSR2)
        eventually(lambda: "new workers serve" in served.log.read_text())
        eventually(lambda: over_tls(served, context(client, ssl.TLSVersion.TLSv1_2)) == 200)
        assert over_tls(served, context(newest=ssl.TLSVersion.TLSv1_2)) == 0


def test_records_have_the_address_that_a_trusted_proxy_tells(path, keystone):
    with_server(path, "forwarded_header = forwarded", "trusted_proxies = 127.0.0.0/8")
    with serving(path) as served:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        told = {"Forwarded": 'for=10.9.9.9, for="192.0.2.7:4711";host=evil.example;proto=https'}
        plain.get(f"{served.url}/traits", headers=token | told)
        assert last_client(path) == "192.0.2.7"
        plain.get(f"{served.url}/nonsense", headers=token | told)
        assert last_client(path) == "192.0.2.7", "what is refused is recorded likewise"
        plain.get(f"{served.url}/traits", headers=token | {"Forwarded": "for=unknown"})
        assert last_client(path) == "127.0.0.1"
        health = plain.get(f"{served.url}/healthcheck?detailed=1", headers=told)
        assert "policy" in health.json(), "the health check goes by the peer"


class Systemd:
    """The socket that systemd listens on."""

    def __init__(self, address):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(address)
        self.sock.settimeout(0)
        self.heard = []

    def lines(self):
        try:
            while True:
                self.heard += self.sock.recv(4096).decode().splitlines()
        except BlockingIOError:
            return self.heard

    def hears(self, line):
        eventually(lambda: line in self.lines())


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_what_goes_on(path, keystone_url, monkeypatch, abstract):
    name = f"policy-proxy-{secrets.token_hex(8)}" if abstract else str(path.parent / "notify")
    systemd = Systemd(f"\0{name}" if abstract else name)
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
    text = path.read_text()
    port = free_port()
    path.write_text(text.replace(keystone_url, f"http://127.0.0.1:{port}"))
    with serving(path, wait=False) as served:
        systemd.hears("STATUS=waits for keystone")
        time.sleep(0.3)
        assert "READY=1" not in systemd.lines()

        path.write_text(text)
        systemd.heard.clear()
        served.process.send_signal(signal.SIGUSR2)
        systemd.hears("READY=1")
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        connection.request("GET", "/healthcheck")
        # the old worker, which was never ready, may have taken it at the last moment
        assert connection.getresponse().status in {200, 503}
        connection.close()
        eventually(served.ready)
        lines = systemd.lines()
        assert lines.index("RELOADING=1") < lines.index("READY=1")
        assert any(line.startswith("MONOTONIC_USEC=") for line in lines)

        systemd.heard.clear()
        served.process.send_signal(signal.SIGHUP)
        systemd.hears("READY=1")
        assert systemd.lines()[0] == "RELOADING=1"

        systemd.heard.clear()
        path.write_text("nonsense\n" + text)
        served.process.send_signal(signal.SIGUSR2)
        systemd.hears("STATUS=serves; was not restarted, since the configuration is not good")
        assert "READY=1" in systemd.lines()
        path.write_text(text)
        systemd.heard.clear()
        served.process.send_signal(signal.SIGTERM)
        systemd.hears("STOPPING=1")
    systemd.sock.close()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_what_systemd_takes(unit):
    try:
        finished = subprocess.run(
            ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        missing("systemd-analyze is not there: install systemd")
    unknown = [line for line in finished.stderr.splitlines() if unit.name in line]
    assert [line for line in unknown if "is not executable" not in line] == []
