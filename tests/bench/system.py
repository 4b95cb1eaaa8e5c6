"""The programs that the benchmark needs and pip does not have: found, or installed on Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {"wrk": "wrk", "nginx": "nginx-light", "memcached": "memcached"}
"""The Debian package of each program."""
ECHO_MODULE = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
"""Comes with nginx-light: https://packages.debian.org/bookworm/nginx-light."""
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])


class Missing(Exception):
    """Something to install; the message says what, and how."""


def program(name: str) -> str:
    """The path of a program.

    :raises Missing: if it is not installed.
    """
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Missing(_sentence([PACKAGES[name]]))
    return found


def ensure() -> None:
    """Install what is missing, if this is root on a Debian system.

    :raises Missing: if it is not, or if apt-get fails.
    """
    packages = _absent()
    if not packages:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(_sentence(packages))
    print(f"Installing {', '.join(packages)}", flush=True)
    # RUNLEVEL keeps invoke-rc.d from starting their services: the benchmark has its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-qq", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Missing(f"{_sentence(packages)}; apt-get said: {done.stderr.strip()[-300:]}")
    if absent := _absent():
        raise Missing(_sentence(absent))


def _absent() -> list[str]:
    absent = {
        package for name, package in PACKAGES.items() if shutil.which(name, path=_PATH) is None
    }
    if not ECHO_MODULE.exists():
        absent.add("libnginx-mod-http-echo")
    return sorted(absent)


def _sentence(packages: list[str]) -> str:
    names = " ".join(packages)
    return f"the benchmark needs the Debian packages {names}: apt-get install {names}, as root"
