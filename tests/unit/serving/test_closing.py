"""How a listener takes no more connections."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
import time

import pytest

from policy_proxy import config
from policy_proxy.config import server
from policy_proxy.serving import closing, listener

DEFAULTS = server.read(config.parse([]))


def accepts(sock):
    sock.settimeout(0.05)
    try:
        sock.accept()[0].close()
    except (BlockingIOError, TimeoutError):
        return False
    return True


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_who_stops_accepting_leaves_it_to_the_others(tmp_path, family):
    address = str(tmp_path / "s") if family == socket.AF_UNIX else ("127.0.0.1", 0)
    with socket.socket(family) as ours, socket.socket(family) as first:
        ours.bind(address)
        ours.listen()
        first.connect(ours.getsockname())
        theirs = socket.socket(fileno=os.dup(ours.fileno()))
        closing.stop_accepting(theirs.fileno())
        assert not accepts(theirs), "what waits is left alone, too"
        assert accepts(ours)
        with socket.socket(family) as second:
            second.connect(ours.getsockname())
            assert not accepts(theirs)
            assert accepts(ours)
        theirs.close()


def test_what_is_no_listener_any_more_is_left_alone(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        closing.stop_accepting(file.fileno())
        file.write(b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"
    closing.stop_accepting(file_closed := os.open(tmp_path, os.O_RDONLY))
    os.close(file_closed)
    closing.stop_accepting(file_closed)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_only_connections_from_clients_are_counted(host):
    opened = listener.opened(dataclasses.replace(DEFAULTS, port=0, host=host))
    sock = opened.of(0)
    sock.listen()
    address = sock.getsockname()
    assert closing.connections(address) == 0
    target = "127.0.0.1" if host == "0.0.0.0" else host
    with socket.create_connection((target, address[1])):
        accepted, _ = sock.accept()
        assert closing.connections(address) == 1
        accepted.close()
        assert closing.connections(address) == 0
    opened.remove()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_comes_late_is_turned_away_and_who_came_before_is_let_in(host):
    opened = listener.opened(dataclasses.replace(DEFAULTS, port=0, host=host))
    ours = opened.of(0)
    ours.listen()
    early = socket.create_connection(ours.getsockname()[:2])
    closing.turn_away(ours.fileno())
    with pytest.raises(TimeoutError):
        socket.create_connection(ours.getsockname()[:2], timeout=0.3)
    early.sendall(b"what was sent comes")
    accepted, _ = ours.accept()
    assert accepted.recv(99) == b"what was sent comes"
    accepted.sendall(b"and is answered")
    assert early.recv(99) == b"and is answered"
    for sock in (early, accepted):
        sock.close()
    opened.remove()


def test_a_unix_socket_turns_nobody_away(tmp_path):
    with socket.socket(socket.AF_UNIX) as ours, socket.socket(socket.AF_UNIX) as client:
        ours.bind(str(tmp_path / "s"))
        ours.listen()
        closing.turn_away(ours.fileno())
        client.connect(ours.getsockname())
        assert accepts(ours)


def test_those_that_came_are_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as ours:
        came = [socket.create_connection(ours.getsockname()) for _ in range(3)]
        let_in = []

        def accept():
            time.sleep(0.5)
            let_in.extend(ours.accept()[0] for _ in came)

        thread = threading.Thread(target=accept)
        thread.start()
        closing.wait_until_all_are_in(ours.fileno(), patience=30)
        assert not accepts(ours)
        thread.join()
        for sock in (*came, *let_in):
            sock.close()


def test_but_not_forever():
    with (
        socket.create_server(("127.0.0.1", 0)) as ours,
        socket.create_connection(ours.getsockname()),
    ):
        closing.wait_until_all_are_in(ours.fileno(), patience=0.3)
        assert accepts(ours)
