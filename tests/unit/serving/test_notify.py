"""Datagrams to systemd."""

from __future__ import annotations

import secrets
import socket

import pytest

from policy_proxy.serving import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_what_is_said_arrives_in_one_datagram(tmp_path, abstract):
    name = f"test-{secrets.token_hex(8)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if abstract else name)
        systemd.settimeout(5)
        tell = notify.teller(f"@{name}" if abstract else name)
        tell(READY=1, STATUS="two\nlines")
        assert systemd.recv(100) == b"READY=1\nSTATUS=two lines"


def test_nobody_listens():
    notify.teller(None)(READY=1)
    notify.teller("")(READY=1)


def test_a_socket_that_is_gone_is_logged_and_harms_nothing(tmp_path, caplog):
    notify.teller(str(tmp_path / "gone"))(READY=1)
    assert "NOTIFY_SOCKET" in caplog.text
