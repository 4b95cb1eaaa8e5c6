"""`[server]`: the built-in server, and the address under which clients know the proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg, types

from policy_proxy.config import networks
from policy_proxy.cores import usable

GROUP = "server"
AUTO = "auto"
WORKERS = types.String(
    regex=r"\A(auto|[1-9][0-9]{0,3})\Z", type_name="auto or a number from 1 to 9999"
)
"""How many workers, as it is written."""

OPTS = [
    cfg.HostAddressOpt("host", default="127.0.0.1", help="Address that `serve` listens on."),
    cfg.PortOpt("port", default=8778, help="Port that `serve` listens on."),
    cfg.StrOpt(
        "unix_socket",
        help="Path of a unix socket that `serve` listens on, instead of host and port.",
    ),
    cfg.Opt(
        "unix_socket_mode",
        type=types.String(regex=r"\A0?[0-7]{3}\Z", type_name="three octal digits, such as 0660"),
        default="0660",
        help="Mode of the unix socket, in octal: who may write to it may connect.",
    ),
    cfg.StrOpt(
        "unix_socket_group",
        help="Group of the unix socket: that of the front end, say. Unset: the group of `serve`.",
    ),
    cfg.Opt(
        "workers",
        type=WORKERS,
        default="1",
        help="Worker processes of `serve`. `auto`: as many as there are cores to use, by CPU "
        "affinity and the limits of control groups. More are of no use: a worker keeps one core "
        "busy.",
    ),
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
    cfg.FloatOpt(
        "body_timeout",
        default=60.0,
        min=1.0,
        help="Seconds that `serve` lets a client take for a body, beside three times [backend] "
        "total_timeout, which is as long as a request may take otherwise. A connection to which "
        "nothing was sent for both together is read no more: its body is then one that broke off. "
        "Not of a unix socket.",
    ),
    cfg.IntOpt(
        "drain_timeout",
        default=30,
        min=1,
        help="Seconds that requests in flight get to finish after SIGTERM.",
    ),
    cfg.FloatOpt(
        "stop_notice",
        default=0.0,
        min=0.0,
        help="Seconds after SIGTERM in which `serve` still takes connections, while its health "
        "check says that it is about to stop: the time that a load balancer takes to notice.",
    ),
    cfg.IntOpt(
        "restart_timeout",
        default=60,
        min=1,
        help="Seconds that the new workers get, after SIGUSR2, until they are ready. If they are "
        "not, the old ones stay.",
    ),
    cfg.StrOpt(
        "tls_certfile", help="PEM file of the server's certificate chain. Unset: plain HTTP."
    ),
    cfg.StrOpt("tls_keyfile", help="PEM file of the certificate's key."),
    cfg.StrOpt(
        "tls_client_ca",
        help="PEM file of the authorities of which one must have signed a client's certificate. "
        "Who shows none gets no connection, the health check included. Unset: none is asked for.",
    ),
    cfg.StrOpt(
        "tls_min_version",
        default="1.3",
        choices=["1.2", "1.3"],
        help="The oldest version of TLS that clients may speak.",
    ),
    cfg.StrOpt(
        "forwarded_header",
        default="none",
        choices=[
            ("none", "none is looked at"),
            ("forwarded", "`Forwarded` of RFC 7239"),
            ("x-forwarded-for", "`X-Forwarded-For`"),
        ],
        help="The header in which the trusted proxies say where a request comes from. Audit "
        "records have the address from it; nothing else does.",
    ),
    cfg.ListOpt(
        "trusted_proxies",
        item_type=networks.parsed,
        default=[],
        help="Networks, separated by commas, of the proxies in front whose header is believed; "
        "`unix` stands for whoever connects to the unix socket.",
    ),
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
    unix_socket: str | None
    unix_socket_mode: int
    unix_socket_group: str | None
    workers: int
    threads: int
    one_core: bool
    body_timeout: float
    drain_timeout: int
    stop_notice: float
    restart_timeout: int
    tls_certfile: str | None
    tls_keyfile: str | None
    tls_client_ca: str | None
    tls_min_version: str
    forwarded_header: str
    trusted_proxies: tuple[networks.Network | str, ...]
    log_level: str
    public_url: str | None


def read(conf: cfg.ConfigOpts) -> ServerSettings:
    group = conf[GROUP]
    values: dict[str, Any] = {opt.dest: group[opt.dest] for opt in OPTS}
    values["workers"] = workers_of(values["workers"])
    values["unix_socket_mode"] = int(values["unix_socket_mode"], 8)
    values["trusted_proxies"] = tuple(values["trusted_proxies"])
    return ServerSettings(**values)


def workers_of(written: str) -> int:
    """How many workers that is on this machine."""
    return usable() if written == AUTO else int(written)
