"""`[backend]`: the service that is guarded, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from oslo_config import cfg

GROUP = "backend"
LONGEST = 86_400
"""Seconds: libcurl counts milliseconds in what may be 32 bits, and a day is as good as no bound."""
OPTS = [
    cfg.URIOpt(
        "url",
        schemes=["http", "https"],
        help="Base URL of the Placement API that this proxy guards, with its path prefix if it has "
        "one, for example http://127.0.0.1:8780 or https://placement.internal/placement.",
    ),
    cfg.StrOpt(
        "unix_socket",
        help="Path of a unix socket that the backend listens on: who may write to it may connect. "
        "Of url, the path and the Host header are then all that counts. Unset: TCP.",
    ),
    cfg.StrOpt(
        "credentials",
        default="caller",
        choices=[
            ("caller", "forward the caller's token: Placement's own policy still applies"),
            ("service", "send a token of the proxy's service user: this policy alone decides"),
        ],
        help="Whose credentials reach the backend.",
    ),
    cfg.StrOpt(
        "auth_section",
        default="keystone_authtoken",
        regex=".",  # a name, not nothing
        help="Section with the keystoneauth options of the service user; used when credentials is "
        "service. The user needs the role service.",
    ),
    cfg.FloatOpt(
        "connect_timeout",
        default=2.0,
        min=0.1,
        max=LONGEST,
        help="Seconds to wait for a connection.",
    ),
    cfg.FloatOpt(
        "read_timeout",
        default=60.0,
        min=0.1,
        max=LONGEST,
        help="Seconds to wait for the first byte of an answer, and the longest pause within it.",
    ),
    cfg.FloatOpt(
        "total_timeout",
        default=120.0,
        min=0.1,
        max=LONGEST,
        help="Seconds that one exchange may take from connecting to the last byte of the answer.",
    ),
    cfg.StrOpt(
        "cafile",
        help="PEM file of the authorities that may sign the backend's certificate. "
        "Unset: the system's.",
    ),
    cfg.StrOpt("certfile", help="PEM file of the client certificate shown to the backend."),
    cfg.StrOpt("keyfile", help="PEM file of the client certificate's key."),
    cfg.IntOpt(
        "max_answer_bytes",
        default=512 * 1024 * 1024,
        min=1024,
        help="Largest answer in bytes that is passed on. A larger one is a 502, or breaks off.",
    ),
]


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """See the options' help for the meaning and unit of each field."""

    url: str
    credentials: str
    auth_section: str
    connect_timeout: float
    read_timeout: float
    total_timeout: float
    cafile: str | None
    certfile: str | None
    keyfile: str | None
    max_answer_bytes: int
    unix_socket: str | None = None


def read(conf: cfg.ConfigOpts) -> BackendSettings:
    group = conf[GROUP]
    return BackendSettings(**{opt.dest: group[opt.dest] for opt in OPTS})


def problems(settings: BackendSettings, public_url: str | None = None) -> list[str]:
    """What is wrong with this section, a sentence each.

    :param public_url: where clients reach the proxy.
    """
    found = []
    if not settings.url:
        found.append(
            "[backend] url is not set: name the base URL of the Placement API to guard, for "
            "example url = http://127.0.0.1:8780"
        )
    else:
        parts = urlsplit(settings.url)
        if parts.query or parts.fragment or parts.username:
            found.append(
                "[backend] url must be scheme, host, port and path only: remove the user name, "
                "query or fragment"
            )
        if public_url and leads_to(settings, public_url):
            found.append(
                "[backend] url is the proxy's own [server] public_url, so that it would ask "
                "itself: name the address that Placement itself listens on"
            )
    if settings.total_timeout < settings.connect_timeout:
        found.append(
            f"[backend] total_timeout ({settings.total_timeout:g} s) is shorter than "
            f"connect_timeout ({settings.connect_timeout:g} s): make it at least as long"
        )
    return found


def leads_to(settings: BackendSettings, url: str) -> bool:
    """Whether the backend is asked at this URL: host, port and path."""
    return not settings.unix_socket and _place(settings.url) == _place(url)


def _place(url: str) -> tuple[str | None, int, str]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.hostname, port, parts.path.rstrip("/")
