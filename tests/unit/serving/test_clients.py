"""Connections from clients are told from others, and those that take forever from the rest."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager

import pytest

from policy_proxy.serving import clients


@contextmanager
def accepted(host="127.0.0.1", count=1):
    """The listener's address; and of each connection the client's end, and the server's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    target = "127.0.0.1" if host == "0.0.0.0" else host
    with ExitStack() as stack:
        listens = stack.enter_context(socket.create_server((host, 0), family=family))
        address = listens.getsockname()
        assert clients.connections(address) == 0
        pairs = []
        for _ in range(count):
            theirs = stack.enter_context(socket.create_connection((target, address[1])))
            pairs.append((theirs, stack.enter_context(listens.accept()[0])))
        yield address, pairs


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_only_connections_from_clients_are_counted(host):
    with accepted(host) as (address, [(_, ours)]):
        assert clients.connections(address) == 1
        ours.close()
        assert clients.connections(address) == 0


def test_from_a_client_that_was_sent_nothing_no_more_is_read():
    with accepted(count=2) as (address, [(slow, of_slow), (_, of_other)]):
        assert clients.end_overdue(address, 60) == 0
        time.sleep(0.3)
        slow.sendall(b"{")  # what comes does not count
        of_other.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        assert clients.end_overdue(address, 0.2) == 1

        assert (of_slow.recv(9), of_slow.recv(9)) == (b"{", b"")
        of_slow.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert slow.recv(99).startswith(b"HTTP/1.1 400 ")
        of_other.settimeout(0.05)
        with pytest.raises(TimeoutError):
            of_other.recv(9)
