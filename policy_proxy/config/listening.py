"""What is wrong with `[server]`, before anybody listens."""

from __future__ import annotations

import grp
import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from policy_proxy.config.networks import UNIX
from policy_proxy.config.server import ServerSettings

_LONGEST_PATH = 107
"""Bytes of a unix socket's path, by unix(7)."""


def problems(settings: ServerSettings) -> list[str]:
    """What is wrong with this section, a sentence each."""
    found = [*_tls_problems(settings), *_socket_problems(settings)]
    if bool(settings.trusted_proxies) != (settings.forwarded_header != "none"):
        found.append("[server] trusted_proxies and forwarded_header go together: set both or none")
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        if parts.query or parts.fragment or parts.username:
            found.append("[server] public_url must be scheme, host, port and path only")
    return found


def _tls_problems(settings: ServerSettings) -> list[str]:
    found = []
    if bool(settings.tls_certfile) != bool(settings.tls_keyfile):
        found.append("[server] tls_certfile and tls_keyfile go together: set both or none")
    if settings.tls_client_ca and not settings.tls_certfile:
        found.append("[server] tls_client_ca needs tls_certfile: there is no TLS without")
    for name in ("tls_certfile", "tls_keyfile", "tls_client_ca"):
        path = getattr(settings, name)
        if path and not os.access(path, os.R_OK):
            found.append(f"[server] {name} = {path} cannot be read: check the path and its mode")
    return found or _unusable(settings)


def _unusable(settings: ServerSettings) -> list[str]:
    """What is wrong with the contents of the files."""
    found = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, authorities = settings.tls_certfile, settings.tls_client_ca
    try:
        if certificate:
            context.load_cert_chain(certificate, settings.tls_keyfile, password="")
    except ssl.SSLError as error:
        found.append(
            f"[server] tls_certfile = {certificate} and tls_keyfile are not certificate and key "
            f"of each other ({error.reason or error}): check both"
        )
    try:
        if authorities:
            context.load_verify_locations(authorities)
    except ssl.SSLError as error:
        why = error.reason or error
        found.append(f"[server] tls_client_ca = {authorities} holds no certificates ({why})")
    return found


def _socket_problems(settings: ServerSettings) -> list[str]:
    path, group = settings.unix_socket, settings.unix_socket_group
    found = []
    if path and (not Path(path).is_absolute() or len(os.fsencode(path)) > _LONGEST_PATH):
        found.append(
            f"[server] unix_socket = {path} must be an absolute path of at most "
            f"{_LONGEST_PATH} bytes"
        )
    if group:
        try:
            grp.getgrnam(group)
        except KeyError:
            found.append(f"[server] unix_socket_group = {group}: there is no such group")
    if UNIX in settings.trusted_proxies and not path:
        found.append("[server] trusted_proxies = unix needs unix_socket")
    return found
