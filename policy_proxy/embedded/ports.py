"""Ports to listen on: whether one can be had, and a free one."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from policy_proxy.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
LOOPBACK_6 = "::1"


def check(host: str, port: int) -> None:
    """:raises ConfigurationError: if nothing can listen there now; the sentence says what to do."""
    try:
        _listen(host, port)
    except socket.gaierror as error:
        raise ConfigurationError([f"--host {host}: {error.strerror}: name another"]) from None
    except UnicodeError:  # a name that cannot be one, such as a..b
        raise ConfigurationError([f"--host {host}: is no host name: name another"]) from None
    except OSError as error:
        why = "it is in use" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        raise ConfigurationError(
            [f"cannot listen on port {port} of {host}, {why}: name another with --port or --host"]
        ) from None


def is_wildcard(host: str) -> bool:
    """Whether to listen on `host` is to listen on every address of this machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def for_clients(host: str) -> str:
    """Where clients on this machine reach what listens on `host`: a wildcard is no destination."""
    if not is_wildcard(host):
        return host
    return LOOPBACK_6 if ":" in host else LOOPBACK


def free(preferred: int = 0) -> int:
    """A free loopback port: the preferred one if it is free."""
    try:
        return _listen(LOOPBACK, preferred)
    except OSError:
        return _listen(LOOPBACK, 0)


def _listen(host: str, port: int) -> int:
    """Listen for a moment. Without SO_REUSEPORT, which would share a port that is taken."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()
        return int(probe.getsockname()[1])
