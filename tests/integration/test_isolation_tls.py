"""Mutual TLS in front of a backend, from the file that docs/isolation.md tells to copy."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from docs_from_code import ROOT
from harness.certificates import self_signed
from harness.programs import missing
from harness.serve import free_port
from integration.raw_backend import OK, RawBackend, answering, settings
from policy_proxy import errors
from policy_proxy.backend import Backend, Outbound

FILE = ROOT / "etc" / "mutual-tls" / "nginx.conf"
MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/mutual.conf;
}}
"""
GET = Outbound("GET", "/resource_providers", (("X-Auth-Token", "t"),))


@pytest.fixture
def placement() -> Iterator[RawBackend]:
    with RawBackend(answering(OK)) as backend:
        yield backend


@pytest.fixture
def ours(tmp_path):
    return self_signed(tmp_path, "ours")


@pytest.fixture
def guarded(tmp_path, placement, ours) -> Iterator[tuple[str, str]]:
    """URL and authority of the server in front of the backend."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        missing("nginx is not there: apt-get install nginx-light")
    shown = self_signed(tmp_path, "placement")
    port = free_port()
    changes = {
        "listen 8443": f"listen 127.0.0.1:{port}",
        "http://127.0.0.1:8780": placement.url,
        "/etc/placement-tls/placement.crt": shown.cert,
        "/etc/placement-tls/placement.key": shown.key,
        "/etc/placement-tls/proxies-ca.crt": ours.cert,
    }
    text = FILE.read_text()
    for before, after in changes.items():
        text, count = re.subn(rf"(?m)^(\s+.*){re.escape(before)}", rf"\g<1>{after}", text)
        assert count == 1, before
    (tmp_path / "mutual.conf").write_text(text)
    main = tmp_path / "nginx.conf"
    main.write_text(MAIN.format(folder=tmp_path))
    command = [program, "-e", "stderr", "-p", str(tmp_path), "-c", str(main)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait(process, port)
        yield f"https://127.0.0.1:{port}", shown.cert
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("nginx does not listen")


def test_only_the_proxys_certificate_opens_the_backend(guarded, placement, ours, tmp_path):
    url, authority = guarded
    other = self_signed(tmp_path, "other")
    shown = {"certfile": ours.cert, "keyfile": ours.key}
    wrong = {"certfile": other.cert, "keyfile": other.key}

    assert Backend(settings(url, cafile=authority, **shown)).exchange(GET).status == 200
    assert len(placement.requests) == 1
    for none in ({}, wrong):
        assert _refused(settings(url, cafile=authority, **none))
    assert len(placement.requests) == 1


def _refused(chosen) -> bool:
    """In the handshake, or by a 400 from nginx."""
    try:
        return Backend(chosen).exchange(GET).status == 400
    except errors.BackendFailed:
        return True
