"""A backend that refuses, hangs, drips, dies and lies: an error in bounded time, writes once."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from harness.proxy import ADMIN, configuration
from harness.serve import free_port, serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend

TOTAL = 4
LONGEST = TOTAL + 3
"""Seconds: the total deadline, and what a busy machine adds."""
MEBI = 1024 * 1024
LARGEST = 8 * MEBI
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
"""What a backend says that hangs afterwards: nobody else is to be sent there."""
COUNTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

pytestmark = pytest.mark.xdist_group("backend faults")


def hang(connection):
    while connection.hear():
        pass


def die(connection):
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *bytes(7)]))
    connection.sock.close()


def drip(*said):
    def fault(connection):
        for piece in itertools.chain(*said):
            connection.say(bytes([piece]))
            time.sleep(0.2)

    return fault


def say(*pieces, then=hang):
    def fault(connection):
        connection.say(*pieces)
        then(connection)

    return fault


def forever(piece, *before):
    def fault(connection):
        connection.say(*before)
        while True:
            connection.say(piece)
            time.sleep(0.01)  # and no busier: the others' turns come in this process, too

    return fault


FAULTS = {
    "HANGS": (hang, {504}),
    "HANGS_UP": (lambda connection: connection.sock.close(), {502}),
    "RESETS": (die, {502}),
    "DRIPS": (drip(OK), {504}),
    "DRIPS_IN_THE_BODY": (say(COUNTED % 99, then=drip(b"x" * 99)), {504}),
    "STOPS_IN_THE_HEAD": (say(OK[:20]), {504}),
    "CUT_OFF": (say(COUNTED % 9, b"{}", then=die), {502}),
    "CUT_OFF_CHUNK": (say(CHUNKED, b"5\r\n{}", then=die), {502}),
    "TOO_LARGE": (say(COUNTED % (LARGEST + 1), b"{"), {502}),
    "TOO_LARGE_CHUNKS": (forever(b"100000\r\n" + b" " * MEBI + b"\r\n", CHUNKED), {502}),
    "NO_LENGTH": (say(b"HTTP/1.1 200 OK\r\n\r\n{}", then=die), {502}),
    "SWITCHES": (say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), {502}),
    "HINTS_FIRST": (say(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", LAST), {200}),
    "ENDLESS_INTERIM": (forever(INTERIM * 10), {502}),
    "SLOW_INTERIM": (drip(INTERIM * 50), {504}),
    "MANY_HEADERS": (
        say(OK[:-6], *(b"X-%d: x\r\n" % n for n in range(300)), b"\r\n{}"),
        {502},
    ),
    "LARGE_HEADER": (say(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n{}"), {502}),
    "NO_HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n", then=die), {502}),
}
_NAME = re.compile(rb"[A-Z]+ /traits/CUSTOM_([A-Z_]+) ")


def misbehaving(connection):
    """Each path has its own fault."""
    while request := connection.hear():
        found = _NAME.match(request)
        if found and found[1].decode() in FAULTS:
            with suppress(OSError):
                FAULTS[found[1].decode()][0](connection)
            return
        connection.say(VERSIONS if request.startswith(b"GET / ") else OK)


def served_in_front_of(folder, url, keystone_url, password, more=""):
    path = configuration(
        folder,
        backend=url,
        keystone=keystone_url,
        password=password,
        backend_options=f"max_answer_bytes = {LARGEST}\n{more}",
    )
    text = path.read_text()
    path.write_text(text.replace("total_timeout = 4", f"total_timeout = {TOTAL}"))
    return serving(path)


def written(backend):
    """How often each write was heard."""
    return Counter(raw.split(b" ")[1] for raw in backend.requests if raw.startswith(b"PUT"))


def test_every_fault_ends_in_time_and_writes_go_out_once(
    tmp_path, keystone_url, password, client_of
):
    with RawBackend(misbehaving) as backend:
        with served_in_front_of(tmp_path, backend.url, keystone_url, password) as served:
            client = client_of(served)
            cases = [(name, method) for name in FAULTS for method in ("GET", "PUT")]
            told = client.ask_at_once(
                [{"target": f"/traits/CUSTOM_{name}", "method": method} for name, method in cases]
            )
            after = client.ask("/traits/CUSTOM_FINE", "PUT")
        heard = written(backend)
    seen = dict(zip(cases, told, strict=True))
    wrong = {case: one.status for case, one in seen.items() if one.status not in FAULTS[case[0]][1]}
    assert wrong == {}
    assert max(one.seconds for one in told) < LONGEST
    assert after.status == 200
    assert heard == {f"/traits/CUSTOM_{name}".encode(): 1 for name in [*FAULTS, "FINE"]}


def test_one_that_refuses_is_502_at_once(tmp_path, keystone_url, password, client_of):
    url = f"http://127.0.0.1:{free_port()}"
    path = configuration(tmp_path, backend=url, keystone=keystone_url, password=password)
    with serving(path, wait=False) as served:
        eventually(lambda: not cannot_connect(served.port))
        asks = [{"target": "/traits/CUSTOM_A", "method": method} for method in ("GET", "PUT")]
        told = client_of(served).ask_at_once(asks)
    assert [one.status for one in told] == [502, 502]
    assert max(one.seconds for one in told) < TOTAL


def test_where_everyone_waits_for_it_those_behind_are_refused_early(
    tmp_path, keystone_url, password, client_of
):
    turns, crowd = 4, 80
    path = configuration(
        tmp_path,
        backend="http://BACKEND",
        keystone=keystone_url,
        password=password,
        options=f"[server]\nthreads = {turns}\n[limits]\nqueue_timeout = 0.5\nmax_queued = 8",
    )
    with RawBackend(misbehaving) as backend:
        path.write_text(path.read_text().replace("http://BACKEND", backend.url))
        with serving(path) as served:
            client = client_of(served)
            assert client.ask().status == 200  # the token of the proxy's user is known
            token = client.keystone.issue(ADMIN)
            began = time.monotonic()
            asks = [{"target": "/traits/CUSTOM_HANGS", "token": token} for _ in range(crowd)]
            with ThreadPoolExecutor(crowd) as pool:
                told = list(pool.map(lambda one: client.ask(**one), asks))
            took = time.monotonic() - began
            after = client.ask()
    refused = [one for one in told if one.status == 503]
    slowest = max(one.seconds for one in refused)
    print(f"\n{len(refused)} of {crowd} refused, the last after {slowest:.1f} s; all {took:.1f} s")
    assert {one.status for one in told} == {503, 504}
    assert all(one.retry_after for one in refused)
    assert len(refused) >= crowd - 3 * turns
    assert slowest < 2 + LONGEST  # [backend] read_timeout is 2 seconds here
    assert after.status == 200


def cannot_connect(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_idle_connections_that_close_lose_no_get_and_double_no_write(
    tmp_path, keystone_url, password, client_of
):
    answered, dropped = Counter(), []

    def closing(connection):
        """Answers a request, hears the next and hangs up, as if it had closed a moment before."""
        for number in itertools.count():
            request = connection.hear()
            if not request:
                return
            if number and not request.startswith(b"GET / "):
                dropped.append(request.split(b" ")[0])
                return
            answered[request.split(b" ")[0]] += 1
            connection.say(VERSIONS if request.startswith(b"GET / ") else OK)

    with (
        RawBackend(closing) as backend,
        served_in_front_of(tmp_path, backend.url, keystone_url, password) as served,
    ):
        client = client_of(served)
        told = [
            client.ask(f"/traits/CUSTOM_{n}", method) for n in range(8) for method in ("GET", "PUT")
        ]
        heard = written(backend)
    assert {one.status for one in told} == {200}
    assert {*dropped} == {b"GET"}  # some were, and no write
    assert set(heard.values()) == {1}
    assert len(heard) == 8


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return {
        name: int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024
        for name in ("VmRSS", "VmHWM")
    }


def test_sixteen_answers_of_96_mib_leave_memory_flat(tmp_path, keystone_url, password, client_of):
    size, piece = 96 * MEBI, b" " * MEBI

    def large(connection):
        while request := connection.hear():
            if request.startswith(b"GET /allocation_candidates"):
                connection.say(COUNTED % size, *itertools.repeat(piece, size // MEBI))
            else:
                connection.say(VERSIONS if request.startswith(b"GET / ") else OK)

    def take(client, token, took):
        with socket.create_connection(("127.0.0.1", client.served.port)) as sock:
            head = "GET /allocation_candidates?resources=VCPU:1 HTTP/1.1\r\nHost: h\r\n"
            sock.sendall(f"{head}X-Auth-Token: {token}\r\nConnection: close\r\n\r\n".encode())
            buffer, total = bytearray(MEBI), 0
            while got := sock.recv_into(buffer):
                total += got
        took.append(total)

    path = configuration(
        tmp_path, backend="http://BACKEND", keystone=keystone_url, password=password
    )
    with RawBackend(large) as backend:
        text = path.read_text().replace("http://BACKEND", backend.url)
        path.write_text(text.replace("total_timeout = 4", "total_timeout = 60"))
        with serving(path) as served:
            client = client_of(served)
            assert client.ask().status == 200
            (worker,) = served.worker_pids()
            before, took = resident(worker)["VmRSS"], []
            token = client.keystone.issue(ADMIN)
            threads = [threading.Thread(target=take, args=(client, token, took)) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            grown = resident(worker)["VmHWM"] - before
    print(f"\n{grown:.1f} MiB for 16 answers of 96 MiB at once")
    assert len(took) == 16
    assert min(took) > size
    assert grown < 40


def test_a_client_that_leaves_has_its_answer_given_up(tmp_path, keystone_url, password, client_of):
    def endless(connection):
        while request := connection.hear():
            if request.startswith(b"GET /allocation_candidates"):
                connection.say(COUNTED % (7 * MEBI))
                for _ in range(7 * 16 - 1):
                    connection.say(b" " * 65536)
                    time.sleep(0.01)
                hang(connection)
            else:
                connection.say(VERSIONS if request.startswith(b"GET / ") else OK)

    with (
        RawBackend(endless) as backend,
        served_in_front_of(tmp_path, backend.url, keystone_url, password) as served,
    ):
        client = client_of(served)
        assert client.ask().status == 200
        while backend.gone.acquire(blocking=False):
            pass
        with socket.create_connection(("127.0.0.1", served.port)) as sock:
            token = client.keystone.issue(ADMIN)
            target = "/allocation_candidates?resources=VCPU:1"
            sock.sendall(
                f"GET {target} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: {token}\r\n\r\n".encode()
            )
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        assert backend.gone.acquire(timeout=LONGEST)
        assert client.ask().status == 200
