"""What `check --server haproxy` says of its examples, seen with HAProxy itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.haproxy import PROGRAM
from harness.programs import missing
from harness.serve import Served, free_port
from harness.stack import eventually
from integration.raw_backend import OK, RawBackend, answering, dropping
from policy_proxy.cli.servers.haproxy import RULES

AROUND = """\
global
    log stdout format raw local0
defaults
    log global
    option httplog
    timeout connect 1s
    timeout client 20s
"""
GET = b"GET /traits HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n"
PUT = b"PUT /traits/CUSTOM_A HTTP/1.1\r\nHost: h\r\n%sContent-Length: 2\r\n\r\n{}"
CLOSE = b"Connection: close\r\n"
KEPT = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def told(folder, code: str, *ports: int, instead: tuple[str, str] = ("", "")) -> Iterator[Served]:
    """HAProxy with the example of a finding, in front of these ports."""
    if PROGRAM is None:
        missing("there is no HAProxy: apt-get install haproxy")
    port, log = free_port(), folder / "haproxy.log"
    text = AROUND + RULES[code].bad.replace(*instead).replace(":8778", f"127.0.0.1:{port}")
    for number, behind in enumerate((ports * 2)[:2], 1):
        text = text.replace(f"192.0.2.1{number}:8777", f"127.0.0.1:{behind}")
    file = folder / "haproxy.cfg"
    file.write_text(text)
    with log.open("wb") as output:
        process = subprocess.Popen([PROGRAM, "-db", "-f", file], stdout=output, stderr=output)
    served = Served(port, process, log)
    try:
        eventually(lambda: listens(served))
        yield served
    finally:
        process.kill()
        process.wait(30)


def listens(served):
    assert served.process.poll() is None, served.log.read_text()
    try:
        served.raw(b"", half_close=True)
    except ConnectionRefusedError:
        return False
    return True


def passed(backend):
    """What came of clients: HAProxy itself asks whether it is healthy."""
    return [raw for raw in backend.requests if b" /healthcheck " not in raw]


@pytest.mark.parametrize(
    ("code", "request_", "passes"),
    [
        (
            "haproxy-client",
            GET % b"X-Forwarded-For: 192.0.2.6\r\n",
            b"forwarded-for: 192.0.2.6\r\n",
        ),
        ("haproxy-underscores", GET % b"X_Forwarded_For: 6\r\n", b"\r\nx_forwarded_for: 6\r\n"),
        ("haproxy-changed-path", b"GET //traits HTTP/1.0\r\n\r\n", b"GET /traits HTTP"),
        ("haproxy-invalid-requests", b"GET /traits#x HTTP/1.0\r\n\r\n", b"GET /traits#x HTTP"),
        ("haproxy-mode", GET % b"X_A: 1\r\nX-Forwarded-For: 6\r\n", b"\r\nX_A: 1\r\nX-F"),
    ],
    ids=["client", "underscores", "path", "invalid", "mode"],
)
def test_what_gets_through(tmp_path, code, request_, passes):
    with RawBackend(answering(OK, close=True)) as backend:
        with told(tmp_path, code, backend.port) as haproxy:
            assert haproxy.raw(request_).startswith(b"HTTP/1.1 200 ")
        (got,) = passed(backend)
    assert passes in got
    assert got.count(b"orwarded-") <= 1


@pytest.mark.parametrize(
    ("code", "head"),
    [("haproxy-buffer", b"X-A: %032000d\r\n" % 0), ("haproxy-header-count", b"X-A: a\r\n" * 65)],
    ids=["size", "count"],
)
def test_what_does_not_fit_is_refused(tmp_path, code, head):
    listening = RULES["haproxy-redispatch"].bad
    with RawBackend(answering(OK, close=True)) as backend:
        more = ("global\n", f"{listening}global\n")
        with told(tmp_path, code, backend.port, instead=more) as haproxy:
            assert haproxy.raw(GET % head).startswith(b"HTTP/1.1 400 ")
        assert passed(backend) == []


def test_a_write_without_an_answer_is_sent_again(tmp_path):
    with (
        RawBackend(dropping) as backend,
        told(tmp_path, "haproxy-retries", backend.port) as haproxy,
    ):
        assert haproxy.raw(PUT % CLOSE).startswith(b"HTTP/1.1 502 ")
        assert len(passed(backend)) == 4


def test_a_slow_body_is_not_waited_for(tmp_path):
    with RawBackend(answering(OK)) as backend:
        with told(tmp_path, "haproxy-slow-bodies", backend.port) as haproxy:
            haproxy.raw((PUT % CLOSE)[:-1], timeout=0.3)
        eventually(lambda: any(b"\r\n\r\n{" in raw for raw in passed(backend)))


def test_a_request_meets_the_end_of_its_connection(tmp_path):
    def once(connection):
        asked = connection.hear()
        connection.say(OK)
        if b" /healthcheck " not in asked:
            connection.hear()  # and hangs up

    one = ("    server proxy-2 192.0.2.12:8777 check\n", "")
    with RawBackend(once) as backend:
        with told(tmp_path, "haproxy-kept-connections", backend.port, instead=one) as haproxy:
            heard = haproxy.raw(PUT % b"" + PUT % CLOSE, timeout=2)
        assert len(passed(backend)) == 2
    assert heard.count(b"HTTP/1.1 200 ") == 1


def test_who_has_gone_is_tried_again(tmp_path):
    once = ("mode http", "mode http\n    retries 1")
    stays, goes = RawBackend(answering(OK)), RawBackend(answering(OK))
    with (
        stays,
        told(tmp_path, "haproxy-redispatch", goes.port, stays.port, instead=once) as haproxy,
    ):
        with goes:
            eventually(lambda: goes.requests)
        heard = {haproxy.raw(PUT % CLOSE)[:12] for _ in range(2)}
    assert heard == {b"HTTP/1.1 200", b"HTTP/1.1 503"}


def test_a_write_that_takes_long_is_a_504_and_done(tmp_path):
    def slow(connection):
        if b" /healthcheck " not in connection.hear():
            time.sleep(1.5)
        connection.say(OK)

    shorter = ("timeout server 50s", "timeout server 500ms")
    with RawBackend(slow) as backend:
        with told(tmp_path, "haproxy-timeout", backend.port, instead=shorter) as haproxy:
            assert haproxy.raw(PUT % CLOSE).startswith(b"HTTP/1.1 504 ")
        assert len(passed(backend)) == 1


def test_an_answer_that_is_kept_is_for_everybody(tmp_path):
    with RawBackend(answering(KEPT)) as backend:
        with told(tmp_path, "haproxy-cache", backend.port) as haproxy:
            for head in (b"X-Auth-Token: a\r\n", b""):
                assert haproxy.raw(GET % head).startswith(b"HTTP/1.1 200 ")
        assert len(passed(backend)) == 1


def test_a_captured_token_is_in_the_log(tmp_path):
    with (
        RawBackend(answering(OK)) as backend,
        told(tmp_path, "haproxy-log", backend.port) as haproxy,
    ):
        haproxy.raw(GET % b"X-Auth-Token: not-a-real-token\r\n")
        eventually(lambda: "{not-a-real-token}" in haproxy.log.read_text())
