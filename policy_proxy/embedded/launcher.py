"""Serve Keystone or Placement: `python -m policy_proxy.embedded.launcher keystone|placement PORT`.

Where their configuration lies is said in the environment, as for any of their deployments:
https://docs.openstack.org/keystone/latest/admin/configuration.html (OS_KEYSTONE_CONFIG_DIR) and
https://docs.openstack.org/placement/latest/install/ (OS_PLACEMENT_CONFIG_DIR).
"""

from __future__ import annotations

import importlib
import os
import sys
from functools import partial
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces

from policy_proxy.embedded import ports
from policy_proxy.model import WSGIApp

THREADS = 1
"""Two writers at once can lock each other out of an SQLite file; then one of them ends in a 500."""


def load(service: str) -> WSGIApp:
    """The service's application. Keystone takes the words of `sys.argv` for its own."""
    sys.argv = [service]
    application: WSGIApp = importlib.import_module(f"{service}.wsgi.api").application
    return application


def main(service: str, port: int) -> None:
    """Serve until SIGTERM."""
    if service == "keystone":
        # Here, since it imports all of Keystone, which takes seconds that Placement need not spend.
        from policy_proxy.embedded import keystone_setup  # noqa: PLC0415

        keystone_setup.run(Path(os.environ["OS_KEYSTONE_CONFIG_DIR"]))
    server = Granian(
        service,
        address=ports.LOOPBACK,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        blocking_threads=THREADS,
        workers_kill_timeout=5,
    )
    server.serve(target_loader=partial(load, service), wrap_loader=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
