"""Sockets of the main process, and how a worker stops taking connections from one."""

from __future__ import annotations

import dataclasses
import errno
import grp
import os
import socket
import stat

import pytest

from policy_proxy import config
from policy_proxy.config import server
from policy_proxy.errors import ConfigurationError
from policy_proxy.serving import listener

DEFAULTS = server.read(config.parse([]))


def at(**more):
    return dataclasses.replace(DEFAULTS, port=0, **more)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_there_is_a_socket_on_the_same_port_for_each_worker(host):
    opened = listener.opened(at(host=host, workers=3))
    assert len({sock.getsockname()[:2] for sock in opened.socks}) == 1
    assert [opened.of(place) for place in range(3)] == [*opened.socks]
    opened.remove()


def test_another_service_on_the_same_port_is_a_sentence():
    opened = listener.opened(at())
    opened.of(0).listen()
    port = opened.of(0).getsockname()[1]
    with pytest.raises(ConfigurationError, match=f"port {port} cannot be listened on"):
        listener.opened(dataclasses.replace(at(), port=port))
    opened.remove()


def test_a_unix_socket_has_its_mode_from_the_first_moment_on(tmp_path, monkeypatch):
    where = tmp_path / "s"
    modes = []
    chown = os.chown

    def looking(*arguments):
        modes.append(stat.S_IMODE(where.lstat().st_mode))
        chown(*arguments)

    monkeypatch.setattr(os, "chown", looking)
    group = grp.getgrgid(os.getgid()).gr_name
    settings = at(unix_socket=str(where), unix_socket_mode=0o620, unix_socket_group=group)
    before = os.umask(0)
    try:
        opened = listener.opened(settings)
        assert os.umask(0) == 0, "the process's own is as it was"
    finally:
        os.umask(before)
    assert [*modes, stat.S_IMODE(where.lstat().st_mode)] == [0o620, 0o620]
    assert opened.unix
    opened.remove()
    assert not where.exists()


def test_a_socket_that_nobody_listens_on_is_replaced(tmp_path):
    where = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(where))
    opened = listener.opened(at(unix_socket=str(where)))
    opened.of(0).listen()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(where))
    opened.remove()


def refused(where, why):
    with pytest.raises(ConfigurationError, match=why):
        listener.opened(at(unix_socket=str(where)))


def test_nothing_else_is_replaced(tmp_path):
    (tmp_path / "file").write_text("somebody's work")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "folder", "link"):
        refused(tmp_path / name, "something that is no socket is there")
    assert (tmp_path / "file").read_text() == "somebody's work"
    assert (tmp_path / "link").is_symlink()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(tmp_path / "busy"))
        busy.listen()
        refused(tmp_path / "busy", "somebody listens there")
        assert (tmp_path / "busy").is_socket()


def test_what_is_somebody_elses_by_the_end_is_left(tmp_path):
    where = tmp_path / "s"
    opened = listener.opened(at(unix_socket=str(where)))
    where.unlink()
    where.write_text("new")
    opened.remove()
    assert where.read_text() == "new"


def test_a_folder_that_is_missing_is_to_be_made(tmp_path):
    refused(tmp_path / "nowhere" / "s", "No such file or directory.: make its folder, or name")


def test_a_group_that_is_not_ones_own_says_what_to_do_and_leaves_nothing(tmp_path, monkeypatch):
    where = tmp_path / "s"
    group = grp.getgrgid(os.getgid()).gr_name

    def forbidden(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", forbidden)  # root may give a socket to every group
    with pytest.raises(ConfigurationError, match=f"SupplementaryGroups={group} in the unit"):
        listener.opened(at(unix_socket=str(where), unix_socket_group=group))
    assert not where.exists()
