from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil

BOUND = "import sys, time; from policy_proxy import lifetime; lifetime.end_with(int(sys.argv[1]))"
OUTLIVING = "; print('bound', flush=True); time.sleep(1000)"


def test_who_is_bound_to_a_parent_that_has_ended_ends_at_once():
    ended = subprocess.run([sys.executable, "-c", BOUND + OUTLIVING, "1"], timeout=60, check=False)
    assert ended.returncode == -signal.SIGTERM


def test_who_is_bound_to_its_parent_goes_on():
    subprocess.run([sys.executable, "-c", BOUND, str(os.getpid())], timeout=60, check=True)


def test_who_is_bound_ends_with_a_parent_that_is_killed():
    starts = (
        "import os, subprocess, sys; child = subprocess.Popen("
        "[sys.executable, '-c', sys.argv[1], str(os.getpid())]); print(child.pid, flush=True); "
        "child.wait()"
    )
    command = [sys.executable, "-c", starts, BOUND + OUTLIVING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        said = {parent.stdout.readline().strip() for _ in range(2)} - {"bound"}
        child = psutil.Process(int(said.pop()))
        parent.kill()
    assert psutil.wait_procs([child], timeout=30)[1] == []
