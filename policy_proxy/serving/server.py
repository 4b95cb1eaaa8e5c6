"""granian as far as it is used: one process that serves one application on a given socket.

What starts, replaces and stops such processes is ours (supervisor.py): granian stops a worker by
closing connections on which a request may be on its way, and gives each a queue of its own, which
is lost with it. The methods used here are not public, so granian's version is narrow in
pyproject.toml, and tests go through all of this over sockets.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from granian import Granian
from granian.constants import HTTPModes, Interfaces, RuntimeModes, SSLProtocols
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]

from policy_proxy.config.limits import LimitSettings
from policy_proxy.config.server import ServerSettings
from policy_proxy.model import WSGIApp
from policy_proxy.serving.listener import Listener
from policy_proxy.telemetry import logs

_CONNECTIONS = 1024
"""That granian accepts, and lets wait."""
KEEP_ALIVE = 15
"""Seconds that a connection may wait for the head of its next request."""
_TLS = {"1.2": SSLProtocols.tls12, "1.3": SSLProtocols.tls13}


class Process(Protocol):
    """Of `multiprocessing`, as far as it is used."""

    @property
    def pid(self) -> int | None: ...

    @property
    def sentinel(self) -> int: ...

    @property
    def exitcode(self) -> int | None: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def join(self) -> None: ...


Make = Callable[[int, Callable[[], WSGIApp]], Process]
"""Takes the number of a worker, and what loads its application; the result is to be started."""


def processes(server: ServerSettings, limits: LimitSettings, listener: Listener) -> Make:
    """What makes worker processes with these settings."""
    # Python 3.14 would start new interpreters, in which nothing of what is made here is left
    multiprocessing.set_start_method("fork", force=True)
    threads = limits.threads(server.threads)
    _raise_descriptors(_CONNECTIONS + 2 * threads)
    granian = _granian(server, threads)
    granian._sso = None  # noqa: SLF001

    def make(number: int, load: Callable[[], WSGIApp]) -> Process:
        where = (listener.of(number).fileno(), listener.unix, granian.backlog)
        granian._shd = SocketHolder(*where)  # type: ignore[call-arg]  # noqa: SLF001
        spawned = granian._spawn_worker(number, granian._spawn_wsgi_worker, load)  # noqa: SLF001
        process: Process = spawned.inner
        return process

    return make


def _raise_descriptors(needed: int) -> None:
    """Have as many file descriptors as may be needed, as far as the hard limit allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in {soft, hard} and soft < min(needed, hard):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))


def _granian(server: ServerSettings, threads: int) -> Any:
    def path(name: str | None) -> Path | None:
        return Path(name) if name else None

    return Granian(
        "policy_proxy",
        interface=Interfaces.WSGI,
        workers=server.workers,
        backlog=_CONNECTIONS,
        blocking_threads=threads,
        runtime_mode=RuntimeModes.mt,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE * 1000),
        websockets=False,
        log_dictconfig=logs.configuration(server.log_level),
        ssl_cert=path(server.tls_certfile),
        ssl_key=path(server.tls_keyfile),
        ssl_protocol_min=_TLS[server.tls_min_version],
        ssl_ca=path(server.tls_client_ca),
        ssl_client_verify=bool(server.tls_client_ca),
    )
