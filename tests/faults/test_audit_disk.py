"""A disk that turns read-only while the audit file on it is open, and that is mended."""

from __future__ import annotations

import http.client
import json
import os

import pytest

from harness.disks import disk_that_can_fail
from harness.proxy import configuration
from harness.serve import serving
from integration.raw_backend import RawBackend, placement

LOST = "audit records could not be written where they should be"
REFUSING = "requests that must be recorded are refused, since audit records cannot be written"
STANDS_HERE = "(Read-only file system), so it stands here: "


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "logs" / "audit.jsonl"
    path.parent.mkdir()
    return path


def flushed(log):
    """What is in the file is on the disk; without strict the proxy leaves that to the kernel."""
    with log.open("rb") as file:
        os.fsync(file.fileno())


def detailed_health(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/healthcheck?detailed=1")
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told


def asked_for(backend):
    """Method and path of what the backend has heard, without the proxy's own calls."""
    lines = [raw.split(b" ", 2)[:2] for raw in backend.requests]
    return [(method.decode(), path.decode()) for method, path in lines if path != b"/"]


@pytest.mark.parametrize(
    ("strict", "statuses", "warnings"),
    [
        ("off", [200, 200, 200], [LOST]),
        ("writes", [503, 503, 200], [LOST, REFUSING]),
        ("all", [503, 503, 503], [LOST, REFUSING]),
    ],
)
def test_it_is_the_strict_outcome_and_all_is_well_when_it_is_mended(
    tmp_path, log, keystone_url, password, client_of, strict, statuses, warnings
):
    asks = [("PUT", "/traits/CUSTOM_A"), ("PUT", "/traits/CUSTOM_B"), ("GET", "/traits")]
    with RawBackend(placement) as backend, disk_that_can_fail(log.parent) as disk:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options=f"[audit]\nfile = {log}\nstrict = {strict}",
        )
        with serving(path) as served:
            client = client_of(served)
            assert client.ask("/traits/CUSTOM_FIRST", "PUT").status == 200
            flushed(log)
            before = len(asked_for(backend))

            disk.turn_read_only()
            told = [client.ask(target, method) for method, target in asks]
            health = detailed_health(served)
            heard = asked_for(backend)[before:]

            disk.mend()
            assert client.ask("/traits/CUSTOM_LAST", "PUT").status == 200
        entries = [json.loads(line) for line in log.read_bytes().splitlines()]
        said = served.log.read_text()

    assert [one.status for one in told] == statuses
    assert heard == [ask for ask, status in zip(asks, statuses, strict=True) if status == 200]
    assert all(one.retry_after for one in told if one.status == 503)
    assert (health["audit"], health["warnings"]) == ({"lost": 3}, warnings)
    in_the_log = [
        json.loads(line.partition(STANDS_HERE)[2])
        for line in said.splitlines()
        if STANDS_HERE in line
    ]
    assert [one["status"] for one in in_the_log] == statuses
    assert [one["path"] for one in in_the_log] == [target for _, target in asks]
    intent = [] if strict == "off" else ["intent"]
    kinds = [*intent, "request", "lost", *intent, "request"]
    assert [one["event"] for one in entries] == kinds
    assert [one["lost"] for one in entries if one["event"] == "lost"] == [3]
