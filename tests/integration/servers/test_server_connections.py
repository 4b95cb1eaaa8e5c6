"""One request after the other, several at once, slow ones, and what comes back of large answers."""

from __future__ import annotations

import re
import socket
import time
from contextlib import ExitStack, suppress

import psutil
import pytest

from harness.stack import eventually
from integration.servers.site import JSON, LARGE, PASSES, Answer

CONNECTIONS = "Connections"
ANSWERS = "Answers"
SLACK = 16 << 20
"""Bytes that buffers between the backend and a client that reads nothing may hold."""


def ids(count):
    return [f"req-{number:08x}-0000-4000-8000-000000000000" for number in range(count)]


def test_a_connection_is_used_again_or_said_to_be_closed(site, told):
    with site.as_decided() as got, connected(site) as sock:
        for request_id in ids(3):
            sock.sendall(site.request("GET", "/traits", f"X-Openstack-Request-Id: {request_id}"))
            answer = hear_one(sock)
            assert (answer.status, answer.headers["x-openstack-request-id"]) == (200, request_id)
            if closes := answer.headers.get("connection") == "close":
                assert sock.recv(1) == b""
                break
    assert len(got) == (1 if closes else 3)
    told(CONNECTIONS, "several requests on one", "one each" if closes else answer)


def test_pipelined_requests_are_answered_in_order(site, told):
    lines = [f"X-Openstack-Request-Id: {request_id}" for request_id in ids(4)]
    requests = [site.request("GET", "/traits", line) for line in lines[:-1]]
    requests.append(site.request("GET", "/traits", lines[-1], "Connection: close"))
    with site.as_decided() as got:
        answer = site.say(b"".join(requests), timeout=3)
    answered = re.findall(rb"(?i)x-openstack-request-id: (\S+)", answer.raw)
    assert [one.decode() for one in answered] == ids(4)[: len(answered)]
    assert len(got) == len(answered)
    seen = PASSES if len(answered) == 4 else f"{len(answered)} of 4 answered"
    told(CONNECTIONS, "pipelined requests, in order", seen)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_connection_is_not_closed_in_silence_after_a_body_that_was_not_read(site, told, framing):
    """A server in front that keeps connections would send its next request into nothing."""
    body = b" " * 200_000
    line = f"Content-Length: {len(body)}"
    if framing == "chunks":
        line, body = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with connected(site) as sock:
        with suppress(ConnectionError):  # whoever has said that it closes need not take it all
            sock.sendall(
                site.request("POST", "/resource_providers", JSON, line, body=body, grant=None)
            )
        answer = hear_one(sock)
        closes = answer.headers.get("connection") == "close"
        if not closes:
            sock.sendall(site.request("GET", "/traits"))
            assert hear_one(sock).status == 200
    assert answer.status in {401, 411}
    seen = "closed, as said" if closes else "used again"
    told(CONNECTIONS, f"after a refused body of 200 kB ({framing})", seen)


def connected(site, **options):
    sock = socket.create_connection((site.running.host, site.running.port))
    sock.settimeout(options.get("timeout", 10))
    return sock


def hear_one(sock):
    """One answer that has a length."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        chunk = sock.recv(65536)
        assert chunk, heard
        heard += chunk
    length = int(Answer(heard).headers["content-length"])
    while len(Answer(heard).body) < length:
        heard += sock.recv(65536)
    return Answer(heard)


@pytest.mark.parametrize("part", ["header", "body"])
def test_slow_clients(site, told, part):
    """More of them than there are threads; then somebody else asks."""
    head = site.request("POST", "/resource_providers", "Content-Type: application/json")
    slow = head[:40] if part == "header" else head[:-2] + b"Content-Length: 99\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(connected(site)).sendall(slow)
        time.sleep(0.5)
        quick = answers_within(site, 3)  # gunicorn reads on for five seconds after a refusal
    eventually(site.running.ready)
    told(CONNECTIONS, f"a slow {part} keeps nobody else waiting", "yes" if quick else "no")


def answers_within(site, seconds):
    with connected(site, timeout=seconds) as sock:
        sock.sendall(site.request("GET", "/healthcheck", grant=None))
        try:
            return hear_one(sock).status == 200
        except TimeoutError:
            return False


def test_a_large_answer_streams_as_fast_as_the_client_reads(site, told):
    before = resident(site)
    with connected(site, timeout=20) as sock:
        sock.sendall(site.request("GET", "/resource_providers?name=large", "Connection: close"))
        heard = sock.recv(1024)
        eventually(lambda: still(site), 20)
        assert site.script.sent < SLACK, "the backend is not kept waiting"
        peak = resident(site)
        size = len(heard.partition(b"\r\n\r\n")[2])
        while chunk := sock.recv(1 << 20):
            size += len(chunk)
            peak = max(peak, resident(site)) if size % 7 == 0 else peak
    assert Answer(heard).headers["content-length"] == str(LARGE)
    assert size == LARGE
    assert peak - before < SLACK
    told(ANSWERS, f"{LARGE >> 20} MiB stream, in less than {SLACK >> 20} MiB", Answer(heard))


def resident(site):
    """Bytes of memory of the processes that handle requests."""
    return sum(psutil.Process(pid).memory_info().rss for pid in site.running.worker_pids())


def still(site):
    sent = site.script.sent
    time.sleep(0.3)
    return sent > 0 and site.script.sent == sent


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_an_answer_that_breaks_off_never_ends_cleanly(site, told, kind):
    answer = site.ask("GET", f"/resource_providers?name=cut-{kind}", timeout=10)
    if answer.status == 200:  # and so much was already on its way
        length = answer.headers.get("content-length")
        assert length is None or len(answer.body) < int(length)
        assert length is not None or not answer.raw.endswith(b"0\r\n\r\n")
        seen = "broken off"
    else:
        seen = str(answer)
        assert answer.status == 502
    assert str(site.ask("GET", "/traits")) == PASSES
    told(ANSWERS, f"one of the backend that breaks off ({kind})", seen)


def test_a_client_that_goes_lets_go_of_the_backend(site, told):
    while site.backend.gone.acquire(blocking=False):
        pass
    with connected(site) as sock:
        sock.sendall(site.request("GET", "/resource_providers?name=large"))
        assert sock.recv(1024)
    assert site.backend.gone.acquire(timeout=10), "the backend goes on sending"
    assert str(site.ask("GET", "/traits")) == PASSES
    told(ANSWERS, "a client that goes lets go of the backend", "yes")


def test_errors_of_the_server_itself_tell_nothing(site):
    answer = site.say(b"GET /traits HTTP/1.1\r\nHost: h\r\nX A: b\r\n\r\n", timeout=3)
    assert b"Traceback" not in answer.raw
    assert str(site.folder).encode() not in answer.raw
