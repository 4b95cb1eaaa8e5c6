"""Workers: what they share, how they are replaced, and how they end."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from harness.proxy import ADMIN
from harness.servers import SERVERS, Gunicorn
from harness.stack import eventually
from integration.servers.site import PASSES, Site, status_of

WORKERS = "Workers"
ALONE = {"waitress"}
"""Servers with one process."""


@pytest.fixture(scope="module")
def forked(server, start) -> Iterator[Site]:
    """The server with two workers, each of which has served."""
    if server.name in ALONE:
        pytest.skip(f"{server.name} is one process by design: there are no workers to compare")
    yield from start(server, processes=2)


def workers(site, requests=60):
    """The workers that answer, and the ids of their answers."""
    found, ids = set(), []
    for _ in range(requests):
        answer = site.ask("GET", "/healthcheck?detailed=1", grant=None)
        ids.append(answer.headers["x-openstack-request-id"])
        found.add(json.loads(answer.body)["worker"])
    return found, ids


def both_serve(site):
    """Each has also been at the backend, so that what it keeps of that is open."""

    def asked():
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: site.ask("GET", "/traits"), range(16)))
        assert {str(answer) for answer in answers} == {PASSES}
        served = [pid for pid in site.running.worker_pids() if connections(pid, site.backend.port)]
        return len(served) == 2

    eventually(asked)


def connections(pid, port=None):
    """The TCP connections of a process, or those to one port, by the inodes of their sockets."""
    inodes = descriptors(pid)
    return {
        inodes.get(connection.fd)
        for connection in psutil.Process(pid).net_connections(kind="tcp")
        if connection.raddr and port in {None, connection.raddr.port}
    }


def descriptors(pid):
    """Number -> what it leads to."""
    found = {}
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found[int(path.name)] = str(path.readlink())
    return found


def assert_nothing_is_shared(site):
    both_serve(site)
    processes = [site.running.process.pid, *site.running.worker_pids()]
    for one, other in combinations(processes, 2):
        assert connections(one).isdisjoint(connections(other))
    _, ids = workers(site)
    assert len({*ids}) == len(ids)


def test_workers_share_nothing(forked, told):
    assert_nothing_is_shared(forked)
    # which of them answers is up to the kernel
    eventually(lambda: workers(forked)[0] == {*forked.running.worker_pids()})
    told(WORKERS, "two workers share no connection and repeat no request id", "yes")


def test_a_reload_replaces_the_workers_and_loses_nothing(forked, told):
    if forked.running.reload_signal is None:
        told(WORKERS, "reload of workers under load", "no")
        return
    before = {*forked.running.worker_pids()}
    with under_load(forked) as statuses:
        forked.running.reload()
        eventually(lambda: replaced(forked, before), 40)
        time.sleep(0.5)
    assert {*statuses} == {200}
    assert len(statuses) > 4
    told(WORKERS, "reload of workers under load", "no request fails")


def replaced(site, before):
    now = {*site.running.worker_pids()}
    return len(now) == 2 and now.isdisjoint(before)


@contextmanager
def under_load(site):
    """Four clients that ask again and again, each time on a new connection."""
    over, statuses = threading.Event(), []
    request = site.request("GET", "/traits", "Connection: close")

    def ask():
        while not over.is_set():
            statuses.append(status_of(site.running, request))

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask) for _ in range(4)]
        try:
            yield statuses
        finally:
            over.set()
    for client in clients:
        client.result()


def test_stopping_finishes_what_is_in_flight(server, start, told):
    """Writes that wait for the backend, and idle connections that nobody uses."""
    for site in start(server):
        request = site.request("PUT", "/traits/CUSTOM_SLOW", "Connection: close")
        idle = http.client.HTTPConnection(site.running.host, site.running.port)
        idle.request("GET", "/healthcheck")
        idle.getresponse().read()
        with ThreadPoolExecutor(4) as pool:
            writes = [pool.submit(site.say, request, timeout=20) for _ in range(4)]
            for _ in writes:
                assert site.script.asked.acquire(timeout=10)
            end = pool_of_one(site.running.stop)
            time.sleep(0.5)
            assert not end.done(), "it ended with writes in flight"
            site.script.go_on.set()
            answers = [write.result() for write in writes]
        assert [str(answer) for answer in answers] == [PASSES] * 4
        assert len(site.forwarded()) == 4
        assert end.result(timeout=30) == 0
        idle.close()
    told(WORKERS, "stop with writes in flight", "all finish")


def test_stopping_under_load_leaves_no_write_unanswered(server, start, told):
    """A connection may be closed before a request on it is taken; then it has not gone on."""
    for site in start(server):
        with writing(site) as answered:
            eventually(lambda: len(answered) > 20)
            assert site.running.stop() == 0
        assert {*answered} == {200}
        assert len(site.forwarded()) == len(answered)
    told(WORKERS, "stop under load", "what reached Placement is answered")


@contextmanager
def writing(site):
    """Four clients that write until nobody takes their connections any more; two of them keep
    theirs. Gives the statuses of the answers.
    """
    answered = []
    headers = {"X-Auth-Token": site.keystone.issue(ADMIN)}

    def write(connection, more):
        while True:
            try:
                connection.request("PUT", "/traits/CUSTOM_A", headers=headers | more)
                answer = connection.getresponse()
                answer.read()
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException):
                connection.close()
            else:
                answered.append(answer.status)

    with ThreadPoolExecutor(4) as pool:
        for more in ({}, {}, {"Connection": "close"}, {"Connection": "close"}):
            connection = http.client.HTTPConnection(
                site.running.host, site.running.port, timeout=20
            )
            pool.submit(write, connection, more)
        yield answered


def pool_of_one(function):
    return ThreadPoolExecutor(1).submit(function)


@pytest.mark.xdist_group("in gunicorn")
def test_gunicorn_with_preload_shares_nothing_either(start):
    """The application is there before the fork, but nothing in it is open."""
    for site in start(Gunicorn(arguments=("--preload",)), processes=2):
        assert_nothing_is_shared(site)


def test_a_worker_that_is_killed_is_replaced(forked, told):
    victim = forked.running.worker_pids()[0]
    os.kill(victim, 9)
    eventually(lambda: replaced(forked, {victim}), 30)
    eventually(lambda: workers(forked, 20)[0] == {*forked.running.worker_pids()}, 30)
    told(WORKERS, "a worker that is killed is replaced", "yes")


def test_those_with_one_process_are_known():
    assert {*SERVERS} >= ALONE
