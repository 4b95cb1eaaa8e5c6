"""One question to a server that is not the backend: what a remote check of a policy asks."""

from __future__ import annotations

from urllib.parse import urlsplit

from policy_proxy.backend.client import Backend
from policy_proxy.backend.messages import Outbound
from policy_proxy.config.backend import BackendSettings
from policy_proxy.config.policy import RemoteSettings

LONGEST_ANSWER = 4096
"""Bytes; the answer that is wanted has four."""


def post(
    url: str, content_type: str, body: bytes, *, settings: RemoteSettings
) -> tuple[int, bytes]:
    """Send one POST on a connection of its own, and return the status and body of the answer.

    Certificates are verified, and redirects are answers like any other.

    :raises errors.Failed: if there is no whole answer in time.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = (("Content-Type", content_type),)
    client = Backend(_settings(f"{parts.scheme}://{parts.netloc}", settings))
    try:
        answer = client.exchange(Outbound("POST", target, headers, body))
        return answer.status, b"".join(answer.body)
    finally:
        client.close()


def _settings(url: str, remote: RemoteSettings) -> BackendSettings:
    return BackendSettings(
        url=url,
        credentials="",
        auth_section="",
        connect_timeout=remote.timeout,
        read_timeout=remote.timeout,
        total_timeout=remote.timeout,
        cafile=remote.cafile,
        certfile=remote.certfile,
        keyfile=remote.keyfile,
        max_answer_bytes=LONGEST_ANSWER,
    )
