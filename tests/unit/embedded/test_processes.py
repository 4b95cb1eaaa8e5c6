from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest

from policy_proxy.embedded.processes import Child, Children, children
from policy_proxy.errors import ConfigurationError


def shell(started: Children, script: str, log: Path) -> Child:
    return started.start("The shell", ["/bin/sh", "-c", script], log, {"SAID": "from outside"})


def test_a_child_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with children() as started:
        shell(started, "echo first; echo $SAID >&2; echo; exit 3", log)
        with pytest.raises(ConfigurationError) as raised:
            started.wait()
    assert raised.value.problems == [
        f"The shell ended with exit code 3: see {log}: from outside",
    ]


def test_a_child_that_ends_does_not_get_ready(tmp_path: Path) -> None:
    with children() as started:
        child = shell(started, "exit 4", tmp_path / "log")
        with pytest.raises(ConfigurationError, match=r"exit code 4.*it is empty"):
            child.wait_for("http://127.0.0.1:1/")


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with children() as started:
        shell(started, "sleep 1000 & echo $!; wait", log)
        while not log.read_text().endswith("\n"):
            time.sleep(0.01)
        grandchild = psutil.Process(int(log.read_text()))
    psutil.wait_procs([grandchild], timeout=10)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_signals_are_handled_as_before_afterwards(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with children() as started:
        shell(started, "exec sleep 1000", tmp_path / "log")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
