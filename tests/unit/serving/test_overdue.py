"""Connections with a request that takes forever are told from the rest."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager

import pytest

from policy_proxy.serving import overdue


@contextmanager
def accepted(count):
    """The listener's address; and of each connection the client's end, and the server's."""
    with ExitStack() as stack:
        listens = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = listens.getsockname()
        pairs = []
        for _ in range(count):
            theirs = stack.enter_context(socket.create_connection(address))
            pairs.append((theirs, stack.enter_context(listens.accept()[0])))
        yield address, pairs


def test_from_a_client_that_was_sent_nothing_no_more_is_read():
    with accepted(count=2) as (address, [(slow, of_slow), (_, of_other)]):
        assert overdue.end_overdue(address, 60) == 0
        time.sleep(0.3)
        slow.sendall(b"{")  # what comes does not count
        of_other.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        assert overdue.end_overdue(address, 0.2) == 1

        assert (of_slow.recv(9), of_slow.recv(9)) == (b"{", b"")
        of_slow.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert slow.recv(99).startswith(b"HTTP/1.1 400 ")
        of_other.settimeout(0.05)
        with pytest.raises(TimeoutError):
            of_other.recv(9)
