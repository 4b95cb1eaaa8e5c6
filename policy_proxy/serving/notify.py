"""What systemd hears of the service, by the protocol of sd_notify.

It is one datagram: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. Of the
libraries for it, one was last released in 2017, and the one that is kept up cannot say RELOADING or
STOPPING.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_PATIENCE = 1.0
"""Seconds that systemd may take to make room for a datagram."""

Tell = Callable[..., None]
"""Takes what is to be said as keywords, such as `READY=1`."""


def teller(address: str | None) -> Tell:
    """
    :param address: NOTIFY_SOCKET: a path, or `@` and an abstract name. Nothing: nobody listens.
    """
    if not address:
        return lambda **_: None
    where = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(**said: object) -> None:
        lines = (f"{name}={' '.join(str(value).split())}" for name, value in said.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(_PATIENCE)
                sock.sendto("\n".join(lines).encode(), where)
        except OSError as error:  # the service is there for its clients, whoever listens or not
            _LOG.warning("NOTIFY_SOCKET = %s cannot be told anything: %s", address, error)

    return tell


def reloading() -> dict[str, object]:
    """What to say when configuration or policy begins to be read again; READY=1 follows."""
    return {"RELOADING": 1, "MONOTONIC_USEC": time.monotonic_ns() // 1000}
