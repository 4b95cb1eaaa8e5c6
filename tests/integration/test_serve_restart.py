"""`policy-proxy serve` is restarted and stopped while clients that never try again use it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from harness.load import load
from harness.proxy import ADMIN, configuration
from harness.serve import serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend

ROUNDS = 3


@pytest.fixture
def path(tmp_path, keystone_url, password, backend):
    return configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)


def at(served):
    return partial(http.client.HTTPConnection, "127.0.0.1", served.port, timeout=20)


def restarted(served, before):
    """Have it restarted, and wait until other workers than these serve, and these have ended."""
    served.process.send_signal(signal.SIGUSR2)

    def done():
        now = served.worker_pids()
        return len(now) == len(before) and not {*now} & {*before}

    eventually(done)
    return served.worker_pids()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_while_it_restarts_again_and_again(path, keystone, workers):
    with serving(path, "--workers", str(workers)) as served:
        eventually(lambda: len(served.worker_pids()) == workers)
        with load(at(served), keystone.issue(ADMIN), kept=6, new=3) as seen:
            pids = served.worker_pids()
            for _ in range(ROUNDS):
                time.sleep(0.3)
                pids = restarted(served, pids)
        assert served.log.read_text().count("new workers serve") == ROUNDS
        assert served.process.poll() is None, "the main process is the same"
    assert seen.unanswered == []
    assert seen.refused == 0
    assert {*seen.answered} == {200}
    assert seen.last >= 6 * ROUNDS, "kept connections were ended by an answer, all of them"
    assert served.process.returncode == 0


def test_the_changed_configuration_is_in_force_as_far_as_it_can_be(path, keystone):
    with serving(path) as served:
        token = {"X-Auth-Token": keystone.issue(ADMIN)}
        long = f"{served.url}/traits?name=in:{'A' * 3000}"
        assert httpx.get(long, headers=token).status_code == 200
        more = "[server]\nhost = 127.0.0.2\nworkers = 3\n[limits]\nmax_target_bytes = 2048\n"
        path.write_text(more + path.read_text())
        assert len(restarted(served, served.worker_pids())) == 1
        assert httpx.get(long, headers=token).status_code == 414
        for name in ("host", "workers"):
            said = f"[server] {name} stays as it was until the service is stopped"
            assert said in served.log.read_text()


def elsewhere(text):
    """Good, as far as can be seen without trying."""
    return "[server]\nrestart_timeout = 1\n" + text.replace(
        "url = http://127.0.0.1", "url = http://127.0.0.9", 1
    )


BROKEN = [
    (lambda text: "nonsense\n" + text, "nonsense"),
    (lambda text: text + "[limits]\nmax_header = 9\n", "has no option max_header"),
    (lambda text: re.sub("password = .*", "", text), "password is not set"),
    (elsewhere, "the new workers wait for backend"),
]


def test_a_broken_configuration_leaves_the_old_workers(path, keystone):
    good = path.read_text()
    with serving(path) as served:
        before = served.worker_pids()
        with load(at(served), keystone.issue(ADMIN), kept=1, new=1) as seen:
            for count, (change, said) in enumerate(BROKEN, 1):
                path.write_text(change(good))
                served.process.send_signal(signal.SIGUSR2)
                eventually(lambda n=count: served.log.read_text().count("NOT restarted") == n)
                assert said in served.log.read_text()
        eventually(lambda: served.worker_pids() == before)
        assert seen.unanswered == []
        assert {*seen.answered} == {200}, "the new workers have never served"


def test_an_idle_connection_is_answered_once_more_by_the_old_worker(path):
    with serving(path) as served:
        idle = at(served)()
        idle.request("GET", "/healthcheck?detailed=1")
        before = json.loads(idle.getresponse().read())["worker"]
        served.process.send_signal(signal.SIGUSR2)
        eventually(lambda: "new workers serve" in served.log.read_text())
        time.sleep(0.5)
        assert httpx.get(f"{served.url}/healthcheck?detailed=1").json()["worker"] != before
        idle.request("GET", "/healthcheck?detailed=1")
        answer = idle.getresponse()
        document = json.loads(answer.read())
        assert document["worker"] == before
        assert document["ready"]
        assert answer.headers["Connection"] == "close"
        eventually(lambda: before not in served.worker_pids())


def test_connections_that_nobody_took_yet_survive_a_worker_that_is_killed(path):
    with serving(path) as served:
        (worker,) = served.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        threads = [*Path(f"/proc/{worker}/task").iterdir()]
        eventually(lambda: all("State:\tT" in (one / "status").read_text() for one in threads))
        waiting = at(served)()
        waiting.request("GET", "/healthcheck")
        os.kill(worker, signal.SIGKILL)
        assert waiting.getresponse().status in (200, 503)
        assert served.worker_pids() != [worker]


def test_workers_that_end_at_once_again_and_again_end_the_service(path):
    with serving(path) as served:
        killed = []
        for _ in range(2):
            worker = another(served, killed)
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)
        assert served.process.wait(60) == 1
        assert "workers end as soon as they start" in served.log.read_text()


def another(served, killed):
    """The worker that came for these. One that was killed may be there a moment longer."""
    eventually(lambda: {*served.worker_pids()} - {*killed})
    (worker,) = {*served.worker_pids()} - {*killed}
    return worker


def asked(served, target, headers=()):
    connection = at(served)()
    connection.request("GET", target, headers=dict(headers))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


class SlowWrites:
    """A backend whose writes take their time."""

    def __init__(self, seconds):
        self._seconds = seconds
        self.begun = threading.Event()

    def __call__(self, connection):
        while heard := connection.hear():
            if heard.startswith(b"GET / "):
                connection.say(VERSIONS)
                continue
            if heard.startswith(b"PUT"):
                self.begun.set()
                time.sleep(self._seconds)
            connection.say(OK)


def test_sigterm_says_so_first_and_finishes_what_takes_long(
    tmp_path, keystone, keystone_url, password
):
    """They take longer than any reminder of the server to stop: it bears two, not three."""
    slow = SlowWrites(6.5)
    with RawBackend(slow) as backend:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options="[server]\nstop_notice = 2",
        )
        text = path.read_text().replace("read_timeout = 2", "read_timeout = 9")
        path.write_text(text.replace("total_timeout = 4", "total_timeout = 9"))
        with serving(path) as served:
            token = {"X-Auth-Token": keystone.issue(ADMIN)}
            answers = []

            def write(number):
                url = f"{served.url}/traits/CUSTOM_{number}"
                answers.append(httpx.put(url, headers=token, timeout=20).status_code)

            writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
            for writer in writers:
                writer.start()
            assert slow.begun.wait(10)
            served.process.send_signal(signal.SIGTERM)
            eventually(lambda: asked(served, "/healthcheck")[0] == 503)
            _, document = asked(served, "/healthcheck")
            assert document["reasons"] == ["this proxy is about to stop"]
            assert asked(served, "/traits", token) == (200, {})
            for writer in writers:
                writer.join()
            assert served.process.wait(timeout=20) == 0
    assert answers == [200] * 3
    assert len([raw for raw in backend.requests if raw.startswith(b"PUT")]) == 3


def test_no_request_that_was_sent_is_left_without_an_answer_by_a_stop(path, keystone):
    with serving(path, "--workers", "2") as served:
        with load(at(served), keystone.issue(ADMIN), kept=6, new=6) as seen:
            time.sleep(0.5)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(timeout=20) == 0
            time.sleep(0.1)
        assert seen.unanswered == []
        assert seen.refused > 0
        assert {*seen.answered} == {200}
        assert seen.last >= 6


def test_a_client_that_is_idle_does_not_hold_a_stop_up(path):
    with serving(path) as served:
        idle = socket.create_connection(("127.0.0.1", served.port))
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 10
        assert idle.recv(1) == b"", "it is closed, not reset"
        idle.close()


def test_a_stop_in_the_middle_of_a_restart_waits_for_nobody(path):
    with serving(path) as served:
        path.write_text(elsewhere(path.read_text()).replace("restart_timeout = 1", ""))
        served.process.send_signal(signal.SIGUSR2)
        eventually(lambda: "backend: http://127.0.0.9" in served.log.read_text())
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 15, "it is not left to [server] drain_timeout"
