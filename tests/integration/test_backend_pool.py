"""Who may use a connection, when, and in which thread or process."""

from __future__ import annotations

import gc
import os
import resource
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier, Event

import pytest

from integration.raw_backend import OK, RawBackend, answering
from policy_proxy import errors
from policy_proxy.backend import Outbound

GET = Outbound("GET", "/", ())
WRONG = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"


def echoing(connection):
    """Answers with the path of each request, and much of it, so that a mix-up cannot hide."""
    while request := connection.hear():
        body = request.split()[1] * 20_000
        connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)


def test_no_thread_gets_the_answer_of_another():
    def ask(client, number):
        for turn in range(10):
            target = f"/{number:03}/{turn}/{secrets.token_hex(8)}"
            answer = client.exchange(Outbound(("GET", "PUT")[turn % 2], target, ()))
            if b"".join(answer.body) != target.encode() * 20_000:
                return False
        return True

    with RawBackend(echoing) as backend, ThreadPoolExecutor(12) as threads:
        client = backend.client()
        assert all(threads.map(ask, [client] * 12, range(12)))
        assert len(backend.requests) == 120


def test_an_answer_may_be_read_in_another_thread_than_it_was_asked_in():
    with RawBackend(echoing) as backend, ThreadPoolExecutor(1) as other:
        client = backend.client()
        answer = client.exchange(Outbound("GET", "/" + "x" * 31, ()))
        first = next(iter(answer.body))
        rest = other.submit(lambda: b"".join(answer.body)).result()
        assert len(first + rest) == answer.length == 640_000
        assert client.exchange(GET).status == 200
        assert backend.connections == 1


def test_an_answer_in_progress_keeps_its_connection_to_itself():
    with RawBackend(echoing) as backend:
        client = backend.client()
        first = client.exchange(Outbound("GET", "/" + "1" * 31, ()))
        second = client.exchange(Outbound("GET", "/" + "2" * 31, ()))
        assert set(b"".join(second.body)) == set(b"/2")
        assert set(b"".join(first.body)) == set(b"/1")
        assert backend.connections == 2


def test_the_connection_used_last_is_used_next():
    meeting = Barrier(3)

    def script(connection):
        connection.hear()
        meeting.wait(2)
        while True:
            connection.say(OK)
            if not connection.hear():
                return

    with RawBackend(script) as backend, ThreadPoolExecutor(3) as threads:
        client = backend.client()
        list(threads.map(lambda _: client.exchange(GET), range(3)))
        assert backend.connections == 3
        last = client._idle[os.getpid()][-1]
        for _ in range(3):
            client.exchange(GET)
            assert client._idle[os.getpid()][-1] is last
        assert backend.connections == 3


def test_connections_that_the_backend_closed_meanwhile_are_replaced_unseen():
    with RawBackend(answering(OK, close=True)) as backend:
        client = backend.client()
        for method in ("GET", "GET", "PUT", "GET"):
            assert client.exchange(Outbound(method, "/", ())).status == 200
            assert backend.gone.acquire(timeout=2)
        assert (backend.connections, len(backend.requests)) == (4, 4)


@pytest.mark.parametrize(
    "answer",
    [
        OK + WRONG,
        b"HTTP/1.1 204 X\r\nContent-Length: %d\r\n\r\n" % len(WRONG) + WRONG,
        b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 X\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_connection_with_an_unclear_end_is_not_used_again(answer):
    with RawBackend(answering(answer), answering(OK)) as backend:
        client = backend.client()
        client.exchange(GET)
        assert b"".join(client.exchange(GET).body) == b"{}"
        assert backend.connections == 2


@pytest.mark.parametrize("status", [b"204 No Content", b"200 OK\r\nContent-Length: 0"])
def test_a_connection_with_a_clear_end_is_used_again(status):
    with RawBackend(answering(b"HTTP/1.1 " + status + b"\r\n\r\n")) as backend:
        client = backend.client()
        client.exchange(GET)
        client.exchange(GET)
        assert backend.connections == 1


def test_an_idle_connection_keeps_nothing_of_the_answer_it_brought():
    with RawBackend(echoing) as backend:
        client = backend.client()
        assert b"".join(client.exchange(GET).body) == b"/" * 20_000
        (idle,) = client._idle[os.getpid()]
        assert [*idle.lines, *idle.pieces] == []


def test_an_answer_that_nobody_asked_for_is_nobodys_answer():
    answered, said = Event(), Event()

    def script(connection):
        connection.hear()
        connection.say(OK)
        answered.wait(2)
        connection.say(WRONG)
        said.set()
        connection.hear()

    with RawBackend(script, answering(OK)) as backend:
        client = backend.client()
        client.exchange(GET)
        answered.set()
        assert said.wait(2)
        assert b"".join(client.exchange(GET).body) == b"{}"


def test_a_forked_process_leaves_its_parents_connections_alone():
    with RawBackend(answering(OK)) as backend:
        client = backend.client()
        client.exchange(GET)
        child = os.fork()
        if child == 0:
            try:
                good = [client.exchange(GET).status for _ in range(2)] == [200, 200]
                client.close()
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.exchange(GET).status == 200
        assert (backend.connections, len(backend.requests)) == (2, 4)


def test_closing_the_client_closes_its_idle_connections():
    with RawBackend(answering(OK)) as backend:
        client = backend.client()
        client.exchange(GET)
        client.close()
        assert backend.gone.acquire(timeout=2)


@contextmanager
def no_descriptor_left():
    """Whatever opens a file or socket fails."""
    gc.collect()  # what other tests left behind must not be closed in the meantime
    lowest = os.dup(0)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
    held = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in held:
            os.close(descriptor)


def test_without_a_file_descriptor_the_service_is_unavailable_and_recovers():
    with RawBackend(answering(OK)) as backend:
        client = backend.client()
        with no_descriptor_left(), pytest.raises(errors.Unavailable):
            client.exchange(GET)
        assert client.exchange(GET).status == 200
        with no_descriptor_left(), pytest.raises(errors.Unavailable):
            client.exchange(Outbound("PUT", "/", ()))
        assert client.exchange(GET).status == 200
        assert [line.split()[0] for line in backend.requests] == [b"GET", b"GET"]
