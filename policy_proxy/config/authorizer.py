"""`[authorizer]`: `policy_proxy.wsgi:authorize`, which a front end asks before it forwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from oslo_config import cfg

from policy_proxy.config import networks, server

GROUP = "authorizer"
OPTS = [
    cfg.StrOpt(
        "front_end",
        choices=[
            ("nginx", "`auth_request`; it gives `X-Original-Method` and `X-Original-URI`"),
            ("envoy", "`ext_authz` over HTTP; it asks with the client's method and path"),
            ("caddy", "`forward_auth`; it gives `X-Forwarded-Method` and `X-Forwarded-Uri`"),
            ("traefik", "`forwardAuth`; it gives the same two as Caddy"),
        ],
        help="Which server asks, and so where the client's method and target are found in what it "
        "asks. Where it is set, `serve` is an authorizer and no proxy, `[backend]` is not used, "
        "and policy must not look into bodies. Unset: `authorize` does not start.",
    ),
    cfg.ListOpt(
        "trusted_addresses",
        item_type=networks.parsed,
        default=["127.0.0.0/8", "::1/128"],
        help="Networks, separated by commas, from where the front end asks. Whoever else asks is "
        "refused. What counts is where the connection comes from, whatever a header says. `unix` "
        "stands for whoever connects to the unix socket: there the mode of the socket says who "
        "may.",
    ),
    cfg.StrOpt(
        "check_path",
        default="/authorize",
        help="The path that is asked. With Envoy it is the `path_prefix`, and the client's path "
        "stands behind it.",
    ),
    cfg.StrOpt(
        "body",
        default="none",
        choices=[
            ("none", "the front end does not pass the client's body, and what it passes is unread"),
            ("whole", "Envoy passes it whole (`with_request_body`), so that policy may look at it"),
        ],
        help="Whether the client's body comes along.",
    ),
]

_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class AuthorizerSettings:
    """See the options' help for the meaning of each field.

    :param mount: the path of `[server] public_url`, which clients put before that of the service;
        empty for none.
    """

    front_end: str | None
    trusted_addresses: tuple[networks.Network | str, ...]
    check_path: str
    body: str
    mount: str

    @property
    def sees_bodies(self) -> bool:
        return self.body == "whole"

    @property
    def is_told(self) -> bool:
        """Whether the front end can forward what it is told, and answer as it is told."""
        return self.front_end == "nginx"


def read(conf: cfg.ConfigOpts) -> AuthorizerSettings:
    group = conf[GROUP]
    return AuthorizerSettings(
        front_end=group.front_end,
        trusted_addresses=tuple(group.trusted_addresses),
        check_path=group.check_path,
        body=group.body,
        mount=urlsplit(conf[server.GROUP].public_url or "").path.rstrip("/"),
    )


def problems(settings: AuthorizerSettings, conf: cfg.ConfigOpts) -> list[str]:
    """What is missing or dangerous for an authorizer, a sentence each."""
    found = []
    if not settings.front_end:
        found.append(
            "[authorizer] front_end is not set: name the server that asks, nginx, envoy, caddy or "
            "traefik"
        )
    if not settings.trusted_addresses:
        found.append(
            "[authorizer] trusted_addresses is empty, so nobody may ask: name the front end's"
        )
    if networks.have_everybody(settings.trusted_addresses):
        found.append(
            "[authorizer] trusted_addresses has everybody in it, who could then ask in the name of "
            "the front end: name the front end's"
        )
    if not _PATH.fullmatch(settings.check_path):
        found.append(
            "[authorizer] check_path must be a plain path that is not /, for example /authorize"
        )
    if settings.sees_bodies and settings.front_end != "envoy":
        found.append("[authorizer] body = whole is for Envoy alone: remove the line")
    if conf.cors.allowed_origin:
        found.append(
            "[cors] allowed_origin is of no use to an authorizer: let the front end answer "
            "browsers, and remove the line"
        )
    return found
