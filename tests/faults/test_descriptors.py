"""The worker has no file descriptor left: it says so, decides as before, and goes on."""

from __future__ import annotations

import http.client
import resource
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from harness.proxy import ADMIN, READER, configuration
from harness.serve import serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend

OPEN_TO_READERS = '"placement:traits:list": "role:reader"\n'


def closing(connection):
    """Each request takes a connection of its own, and so a descriptor."""
    request = connection.hear()
    answer = VERSIONS if request.startswith(b"GET / ") else OK
    connection.say(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


def held_for_a_moment(pid):
    """The descriptors that are open now; some are only while a file is read."""
    time.sleep(0.05)
    return {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def leave_none(pid):
    """Have the process open nothing more: its limit becomes the lowest number that is free."""
    kept = set.intersection(*(held_for_a_moment(pid) for _ in range(5)))
    lowest = next(number for number in range(len(kept) + 1) if number not in kept)
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, hard))


@contextmanager
def limited(pid):
    """Whatever limit the process gets within the block, it has its own again behind it."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_it_is_503_policy_is_as_it_was_and_all_is_well_afterwards(
    tmp_path, keystone, keystone_url, password
):
    policy = tmp_path / "policy.yaml"
    with RawBackend(closing) as backend:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options="[policy]\nwatch_interval = 0.1",
        )
        with serving(path) as served:
            admin, reader = (Client(served, keystone.issue(grant)) for grant in (ADMIN, READER))
            assert (admin.ask("PUT"), reader.ask("GET")) == (200, 403)
            with httpx.Client(base_url=served.url) as operator:
                before = policy_told(operator)
                (worker,) = served.worker_pids()
                with limited(worker):
                    leave_none(worker)
                    assert (admin.ask("PUT"), admin.ask("GET"), reader.ask("GET")) == (
                        503,
                        503,
                        403,
                    )
                    leave_none(worker)  # what was given up with a connection is free by now
                    policy.write_text(OPEN_TO_READERS)
                    served.process.send_signal(signal.SIGHUP)
                    eventually(lambda: policy_told(operator)["state"] == "refused")
                    assert policy_told(operator)["revision"] == before["revision"]
                    assert (admin.ask("PUT"), reader.ask("GET")) == (503, 403)
                eventually(lambda: policy_told(operator)["state"] == "in force")
                assert policy_told(operator)["revision"] != before["revision"]
            assert (admin.ask("PUT"), reader.ask("GET")) == (200, 200)
        writes = [raw for raw in backend.requests if raw.startswith(b"PUT")]
    assert len(writes) == 2


class Client:
    """Keeps its one connection."""

    def __init__(self, served, token):
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        self._headers = {"X-Auth-Token": token}

    def ask(self, method):
        target = "/traits" if method == "GET" else "/traits/CUSTOM_A"
        self._connection.request(method, target, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def policy_told(operator):
    return operator.get("/healthcheck?detailed=1").json()["policy"]
