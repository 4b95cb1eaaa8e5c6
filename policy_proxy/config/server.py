"""`[server]`: the built-in server, and the address under which clients know the proxy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from oslo_config import cfg

GROUP = "server"
OPTS = [
    cfg.HostAddressOpt("host", default="127.0.0.1", help="Address that `serve` listens on."),
    cfg.PortOpt("port", default=8778, help="Port that `serve` listens on."),
    cfg.IntOpt("workers", default=1, min=1, help="Worker processes of `serve`."),
    cfg.IntOpt(
        "threads",
        default=128,
        min=1,
        help="Requests that one worker of `serve` handles at the same time. Most of them wait for "
        "the backend. Threads are made when they are needed.",
    ),
    cfg.BoolOpt(
        "one_core",
        default=True,
        help="Whether all threads of a worker of `serve` keep to one core, each worker to another. "
        "Only one of them can run Python at a time, and handing that on across cores costs more "
        "than it brings. Workers for which no core is left keep to none. False where cores are "
        "assigned by other means, or where something else keeps them busy.",
    ),
    cfg.IntOpt(
        "drain_timeout",
        default=30,
        min=1,
        help="Seconds that requests in flight get to finish after SIGTERM.",
    ),
    cfg.StrOpt(
        "tls_certfile", help="PEM file of the server's certificate chain. Unset: plain HTTP."
    ),
    cfg.StrOpt("tls_keyfile", help="PEM file of the certificate's key."),
    cfg.StrOpt(
        "log_level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="The least that `serve` logs, to stderr.",
    ),
    cfg.URIOpt(
        "public_url",
        schemes=["http", "https"],
        help="URL under which clients reach the proxy, with its path prefix. Location headers are "
        "built from it. Unset: the address and port that the server listens on. The Host header "
        "is never used.",
    ),
]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """See the options' help for the meaning and unit of each field."""

    host: str
    port: int
    workers: int
    threads: int
    one_core: bool
    drain_timeout: int
    tls_certfile: str | None
    tls_keyfile: str | None
    log_level: str
    public_url: str | None


def read(conf: cfg.ConfigOpts) -> ServerSettings:
    group = conf[GROUP]
    return ServerSettings(**{opt.dest: group[opt.dest] for opt in OPTS})


def problems(settings: ServerSettings) -> list[str]:
    """What is wrong with this section, a sentence each."""
    found = []
    if bool(settings.tls_certfile) != bool(settings.tls_keyfile):
        found.append("[server] tls_certfile and tls_keyfile go together: set both or none")
    for name in ("tls_certfile", "tls_keyfile"):
        path = getattr(settings, name)
        if path and not os.access(path, os.R_OK):
            found.append(f"[server] {name} = {path} cannot be read: check the path and its mode")
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        if parts.query or parts.fragment or parts.username:
            found.append("[server] public_url must be scheme, host, port and path only")
    return found
