"""A body that drips forever under `policy-proxy serve` is given up, and its thread is free."""

from __future__ import annotations

import json
import socket
import time

from harness.proxy import ADMIN, configuration
from harness.serve import serving

BODY = b'{"name": "abcdef"}'
HEAD = """\
POST /resource_providers HTTP/1.1\r
Host: h\r
X-Auth-Token: {token}\r
Content-Type: application/json\r
Content-Length: {length}\r
\r
"""


def dripped(served, token, length, seconds):
    """What is answered to a body of which a byte comes now and then, and after how long."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port)) as sock:
        sock.sendall(HEAD.format(token=token, length=length).encode())
        sock.settimeout(seconds)
        for byte in BODY * 99:
            sock.sendall(bytes([byte]))
            try:
                return sock.recv(65536), time.monotonic() - began
            except TimeoutError:
                continue
    return b"", 0


def test_a_body_that_never_ends_is_given_up(tmp_path, keystone, keystone_url, password, backend):
    path = configuration(
        tmp_path,
        backend=backend.url,
        keystone=keystone_url,
        password=password,
        options="[server]\nbody_timeout = 1",
    )
    path.write_text(path.read_text().replace("total_timeout = 4", "total_timeout = 1"))
    token = keystone.issue(ADMIN)
    with serving(path) as served:
        answer, _ = dripped(served, token, len(BODY), 0.02)
        assert answer.startswith(b"HTTP/1.1 200 ")
        answer, seconds = dripped(served, token, 10_000, 0.2)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert seconds > 4  # body_timeout, and three times total_timeout
        assert "gave up 1 requests whose bodies never ended" in served.log.read_text()
    last = json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[-1])
    assert (last["outcome"], last["status"]) == ("rejected", 400)
