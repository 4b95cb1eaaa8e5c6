"""No backend, however slow, holds a request longer than it was told it may."""

from __future__ import annotations

import itertools
import socket
import time
from contextlib import ExitStack, contextmanager

import pytest

from integration.raw_backend import OK, RawBackend, settings
from policy_proxy import errors
from policy_proxy.backend import Backend, Outbound, options
from policy_proxy.backend.channel import Channel
from policy_proxy.backend.transfer import Transfer

GET = Outbound("GET", "/", ())
LARGE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 20)
INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"
TOO_LONG = 5.0
"""Seconds; the deadlines under test are a fraction of it, those that must not strike far more."""


@contextmanager
def in_time():
    start = time.monotonic()
    yield
    assert time.monotonic() - start < TOO_LONG


def silent(connection):
    while connection.hear():
        pass


def silent_after(*said):
    def script(connection):
        connection.hear()
        connection.say(*said)
        silent(connection)

    return script


def dripping(head, pieces):
    """Says something every twentieth of a second, so that no pause is ever long."""

    def script(connection):
        connection.hear()
        connection.say(head)
        for piece in pieces:
            connection.say(piece)
            time.sleep(0.05)

    return script


SLOW = {
    "says nothing": silent,
    "stops in the head": silent_after(b"HTTP/1.1 200 OK\r\nContent-"),
    "stops after an interim answer": silent_after(INTERIM),
    "stops in a small body": silent_after(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"),
    "stops in a chunk": silent_after(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"
    ),
    "stops in an endless error": silent_after(b"HTTP/1.1 500 X\r\n\r\n{}"),
}
DRIPPING = {
    "head": dripping(b"", [bytes([byte]) for byte in OK]),
    "interim answers": dripping(b"", itertools.repeat(INTERIM)),
    "small body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", [b"x"] * 99),
    "chunks": dripping(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"1\r\nx\r\n")
    ),
}


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
def test_a_pause_longer_than_the_read_timeout_ends_the_exchange(script, method):
    with RawBackend(script) as backend:
        client = backend.client(read_timeout=0.2, total_timeout=30.0)
        with in_time(), pytest.raises(errors.BackendTimedOut, match="in time"):
            client.exchange(Outbound(method, "/", ()))
        assert backend.gone.acquire(timeout=TOO_LONG)
        assert len(backend.requests) == 1


@pytest.mark.parametrize("script", (SLOW | DRIPPING).values(), ids=SLOW | DRIPPING)
def test_the_total_timeout_ends_the_exchange(script):
    with RawBackend(script) as backend:
        client = backend.client(read_timeout=30.0, total_timeout=0.3)
        with in_time(), pytest.raises(errors.BackendTimedOut, match="in time"):
            client.exchange(GET)


def test_a_slow_answer_within_the_deadlines_is_passed_on():
    script = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", [b"x"] * 12)
    with RawBackend(script) as backend:
        answer = backend.client(read_timeout=0.5, total_timeout=30.0).exchange(GET)
        assert b"".join(answer.body) == b"x" * 12


@pytest.mark.parametrize(
    ("script", "deadlines"),
    [
        (silent_after(LARGE_HEAD, b"x"), {"read_timeout": 0.2, "total_timeout": 30.0}),
        (dripping(LARGE_HEAD, itertools.repeat(b"x")), {"total_timeout": 0.3}),
    ],
    ids=["pause", "drip"],
)
def test_a_streamed_answer_that_becomes_slow_breaks_off(script, deadlines):
    with RawBackend(script) as backend:
        answer = backend.client(**deadlines).exchange(GET)
        with in_time(), pytest.raises(errors.AnswerBroken):
            b"".join(answer.body)
        assert backend.gone.acquire(timeout=TOO_LONG)


def test_the_time_that_a_slow_client_takes_counts_in_total_but_is_no_pause():
    script = silent_after(LARGE_HEAD, bytes(1 << 20))
    with RawBackend(script) as backend:
        patient = backend.client(read_timeout=0.4, total_timeout=30.0).exchange(GET)
        hasty = backend.client(read_timeout=0.4, total_timeout=0.4).exchange(GET)
        next(iter(patient.body))
        time.sleep(0.5)
        assert sum(map(len, patient.body)) < 1 << 20
        with pytest.raises(errors.AnswerBroken):
            b"".join(hasty.body)


def test_the_total_timeout_runs_on_while_a_client_that_read_all_there_was_does_something_else():
    script = silent_after(LARGE_HEAD, bytes(300_000))
    with RawBackend(script) as backend:
        began = time.monotonic()
        answer = backend.client(read_timeout=30.0, total_timeout=1.5).exchange(GET)
        got = 0
        while got < 300_000:
            got += len(next(iter(answer.body)))
        time.sleep(1.4)
        with pytest.raises(errors.AnswerBroken):
            next(iter(answer.body))
        assert time.monotonic() - began < 2.5


def test_an_address_that_accepts_nothing_ends_within_the_connect_timeout():
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        client = Backend(
            settings(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=0.3)
        )
        with in_time(), pytest.raises(errors.BackendTimedOut):
            client.exchange(GET)


class Early(Channel):
    """Has the head of the answer when it has only just sent the request."""

    def start(self, options):
        super().start(options)
        while not self.lines:
            now = time.monotonic()
            self.turn(now, now + 1)


@pytest.mark.parametrize(
    ("said", "status"), [(b"HTTP/1.1 101 Other\r\n\r\n", None), (OK[:-2], 200)], ids=["bad", "good"]
)
def test_a_head_that_is_there_at_once_is_not_waited_for(said, status):
    def script(connection):
        connection.hear()
        connection.say(said)
        connection.hear()

    with RawBackend(script) as backend:
        fixed = options.fixed(settings(backend.url))
        chosen = options.of(GET, "")
        transfer = Transfer(Early(fixed), chosen, 0.2, lambda channel: None)
        try:
            if status is None:
                with pytest.raises(errors.BackendFailed, match="broken"):
                    transfer.head()
            else:
                assert transfer.head().status == status
        finally:
            transfer.close()
