"""Slow clients by the hundred: they wait for themselves, and healthy requests are answered."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from harness.keystone import Grant
from harness.proxy import ADMIN, configuration
from harness.serve import serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend

SLOW = 150
SECONDS = 3.0
"""For which healthy requests are sent beside them."""
MAX_BODY_READERS = 8
LARGE = 8 * 1024 * 1024
"""Bytes of a body that is not small, and of an answer that kernels do not hold for a client."""
BODY = b'{"name": "a"}'
P95 = 1.0

pytestmark = pytest.mark.xdist_group("slow clients")


def backend_of_all_sizes(connection):
    while request := connection.hear():
        connection._requests.clear()
        if request.startswith(b"GET /allocation_candidates"):
            connection.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            connection.say(b"Content-Length: %d\r\n\r\n" % LARGE)
            for _ in range(LARGE // 65536):
                connection.say(b" " * 65536)
        else:
            connection.say(VERSIONS if request.startswith(b"GET / ") else OK)


@pytest.fixture(scope="module")
def client(tmp_path_factory, keystone_url, password, client_of):
    with RawBackend(backend_of_all_sizes) as backend:
        path = configuration(
            tmp_path_factory.mktemp("slow"),
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options=f"[limits]\nqueue_timeout = 1\nmax_body_readers = {MAX_BODY_READERS}",
        )
        with serving(path) as served:
            yield client_of(served)


def head(method, target, token, *lines):
    fields = [f"{method} {target} HTTP/1.1", "Host: h", f"X-Auth-Token: {token}", *lines]
    return "\r\n".join(fields).encode() + b"\r\n"


def slow_head(token):
    return head("GET", "/traits", token, "X-Slow: ")[:-2]


def slow_body(token, length=1000):
    fields = ("Content-Type: application/json", f"Content-Length: {length}")
    return head("POST", "/resource_providers", token, *fields) + b"\r\n{"


def slow_reader(token):
    return head("GET", "/allocation_candidates?resources=VCPU:1", token) + b"\r\n"


@contextmanager
def slow(port, first, *, speaks):
    """So many connections that begin with `first`; then a byte now and then, or silence."""
    with ExitStack() as stack:
        socks = []
        for _ in range(SLOW):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", port))
            sock.sendall(first)
            socks.append(sock)
        done = threading.Event()

        def drip():
            while not done.wait(0.3):
                for sock in socks:
                    with suppress(OSError):
                        sock.sendall(b"x")

        if speaks:
            threading.Thread(target=drip, daemon=True).start()
        try:
            yield socks
        finally:
            done.set()


def healthy(client):
    """Latencies of what four clients ask meanwhile: reads, and small writes."""
    token = client.keystone.issue(Grant("healthy", ("admin",), "admin-project"))
    told, until = [], time.monotonic() + SECONDS

    def ask():
        while time.monotonic() < until:
            told.append(client.ask(token=token))
            told.append(client.ask("/traits/CUSTOM_A", "PUT", token=token))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.parametrize(
    ("first", "speaks"),
    [(slow_head, True), (slow_body, True), (slow_reader, False)],
    ids=["heads", "bodies", "readers"],
)
def test_healthy_requests_are_answered_beside_150_slow_clients(client, first, speaks):
    with slow(client.served.port, first(client.keystone.issue(ADMIN)), speaks=speaks):
        told = healthy(client)
    p95 = statistics.quantiles([one.seconds for one in told], n=20)[-1]
    print(f"\n{len(told)} healthy requests, p95 {p95 * 1000:.0f} ms")
    assert {one.status for one in told} == {200}
    assert p95 < P95


def answered(sock, seconds):
    """The status that the client is told within so many seconds, or None for silence."""
    sock.settimeout(seconds)
    try:
        said = sock.recv(65536)
    except TimeoutError:
        return None
    except OSError:
        return 0
    return int(said.split(b" ")[1]) if said else 0


def test_bodies_beyond_the_limit_are_refused_early_and_leave_nothing(client):
    """Large ones: eight are waited for, the others have an answer."""
    began = time.monotonic()
    with slow(client.served.port, slow_body(client.keystone.issue(ADMIN), LARGE), speaks=True) as s:
        seen = Counter(answered(sock, 0.01 if time.monotonic() - began > 6 else 6) for sock in s)
    assert seen[503] >= SLOW - MAX_BODY_READERS
    lines = ("Content-Type: application/json", f"Content-Length: {len(BODY)}")

    def works():
        told = client.ask("/resource_providers", "POST", lines=lines, body=BODY)
        return told.status == 200

    eventually(works, 5)


def test_large_answers_can_be_had_again_when_slow_readers_have_left(client):
    token = client.keystone.issue(ADMIN)
    with slow(client.served.port, slow_reader(token), speaks=False) as socks:
        seen = [answered(sock, 8) for sock in socks[-20:]]
        assert set(seen) <= {200, 503}
    target = "/allocation_candidates?resources=VCPU:1"

    def works():
        return len(client.ask(target, token=token, timeout=10).raw) > LARGE

    eventually(works, 10)


def held(client, sock):
    """Whether the kernel has the proxy's end of the connection.
    https://docs.kernel.org/networking/proc_net_tcp.html
    """
    ports = (client.served.port, sock.getsockname()[1])
    return " ".join(f"0100007F:{port:04X}" for port in ports) in Path("/proc/net/tcp").read_text()


def test_a_reader_that_takes_nothing_is_cut_off(client):
    """By the kernel, though it has never said a word: [backend] total_timeout is 4 seconds here."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", client.served.port))
        sock.sendall(slow_reader(client.keystone.issue(ADMIN)))
        eventually(partial(held, client, sock))
        eventually(lambda: not held(client, sock), 20)
        took = 0
        with suppress(OSError):
            while got := sock.recv(65536):
                took += len(got)
    assert 0 < took < LARGE


@pytest.mark.parametrize(
    "fields",
    [[f"X-{n}: {'x' * 1000}" for n in range(64)], [f"X-{n}: x" for n in range(300)]],
    ids=["64 KiB", "300 fields"],
)
def test_too_much_of_a_head_is_refused(client, fields):
    assert client.ask(lines=fields).status == 431
