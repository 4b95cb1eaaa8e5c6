"""What cannot start does not serve, and says why."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import sys

import pytest

from docs_from_code import ROOT
from harness.programs import missing
from harness.proxy import configuration
from harness.servers import SERVERS, Options, launched
from harness.stack import eventually
from integration.servers.conftest import Tell

GOING_ON = {"Apache", "nginx + uWSGI"}
"""Servers that stay when the proxy in them, or behind them, cannot start."""
WITH_TRACEBACK = {"uWSGI"}
"""Those that load a script, and show where it has failed."""


def test_a_bad_configuration_ends_the_start_in_a_sentence(
    server, tmp_path, keystone_url, password, backend, told: Tell
):
    if server.name in GOING_ON:
        pytest.skip(f"by design, {server.name} itself runs on and answers 5xx: its page says so")
    path = configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)
    path.write_text(re.sub(r"(?m)^url = .*$", "", path.read_text()))
    with (
        pytest.raises(AssertionError, match=r"\[backend\] url") as ended,
        launched(server, Options(path, tmp_path)),
    ):
        pass
    assert "the proxy ended" in str(ended.value)
    assert ("Traceback" in str(ended.value)) == (server.name in WITH_TRACEBACK)
    told("Workers", "a bad configuration ends the start, and is told", "yes")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"in {name}"))
        for name in ("gunicorn", "uWSGI", "waitress")
    ],
)
def test_systemd_hears_from_the_main_process_that_it_is_ready(
    name, tmp_path, keystone_url, password, backend, monkeypatch
):
    """Those whose unit is of Type=notify, with NotifyAccess=main."""
    if why := SERVERS[name].missing():
        missing(why)
    path = configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        systemd.bind(f"{tmp_path}/notify")
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/notify")
        with launched(SERVERS[name], Options(path, tmp_path)) as running:
            said = b""
            while b"READY=1" not in said:
                said, ((_, _, sender),), *_ = systemd.recvmsg(4096, socket.CMSG_SPACE(12))
            assert struct.unpack("3i", sender)[0] == running.process.pid


@pytest.mark.xdist_group("in waitress")
def test_waitress_reads_the_policy_files_on_sighup(tmp_path, keystone_url, password, backend):
    path = configuration(
        tmp_path,
        backend=backend.url,
        keystone=keystone_url,
        password=password,
        options="[policy]\nwatch_interval = 3600",
    )
    with launched(SERVERS["waitress"], Options(path, tmp_path)) as running:
        (tmp_path / "policy.yaml").write_text('"placement:traits:list": "!"\n')
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.log.read_text().count(" is in force") == 2, 10)
        assert running.ready()


def test_waitress_on_a_busy_port_is_one_sentence(tmp_path, keystone_url, password, backend):
    path = configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        where = f"127.0.0.1:{busy.getsockname()[1]}"
        finished = subprocess.run(
            [sys.executable, ROOT / "etc/waitress_server.py", "--listen", where],
            env={**os.environ, "POLICY_PROXY_CONFIG_FILE": str(path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert finished.returncode == 1
    assert f"cannot listen at {where}: " in finished.stderr
    assert "Traceback" not in finished.stderr
