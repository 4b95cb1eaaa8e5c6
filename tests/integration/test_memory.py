"""What a worker weighs after many requests of many callers."""

from __future__ import annotations

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.keystone import Grant
from harness.proxy import configuration
from harness.serve import serving
from integration.raw_backend import RawBackend

REQUESTS, TOKENS, CLIENTS = 10_000, 1_000, 4
LIMIT_MIB = 120
ANSWER = b'{"versions": [{"min_version": "1.0", "max_version": "1.39"}], "pad": "%s"}' % (
    b"x" * 900
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def answering(connection):
    """As `raw_backend.answering`, but keeps no copy of ten thousand requests."""
    while connection.hear():
        connection._requests.clear()
        connection.say(HEAD % len(ANSWER) + ANSWER)


def ask(port, tokens):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    statuses = set()
    for token in tokens:
        connection.request("GET", "/resource_providers", headers={"X-Auth-Token": token})
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
    connection.close()
    return statuses


def resident_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def test_a_worker_stays_small(tmp_path, keystone, keystone_url, password):
    tokens = [keystone.issue(Grant(f"user-{n}", ("admin",), f"p-{n}")) for n in range(TOKENS)]
    asked = (tokens * (REQUESTS // TOKENS))[:REQUESTS]
    with RawBackend(answering) as backend:
        path = configuration(
            tmp_path, backend=backend.url, keystone=keystone_url, password=password
        )
        with serving(path) as served, ThreadPoolExecutor(CLIENTS) as pool:
            shares = [asked[number::CLIENTS] for number in range(CLIENTS)]
            statuses = list(pool.map(lambda share: ask(served.port, share), shares))
            sizes = [resident_mib(pid) for pid in served.worker_pids()]
    assert statuses == [{200}] * CLIENTS
    records = (tmp_path / "audit.jsonl").read_text().count("\n")
    assert records == REQUESTS
    print(f"\nresident after {REQUESTS} requests of {TOKENS} callers: {max(sizes):.1f} MiB")
    assert max(sizes) < LIMIT_MIB
