"""Checks `http:URL` and `https:URL`: another server decides, if the operator has allowed that.

What is sent and what is taken for consent is oslo.policy's (`oslo_policy/_external.py`), but that
fills attributes of the target into the URL, follows redirects, does not verify certificates unless
told to, and takes `True` with any status. Not here.
https://docs.openstack.org/oslo.policy/latest/reference/api/oslo_policy.policy.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

KINDS = ("http", "https")
FORM = "application/x-www-form-urlencoded"
_URL = re.compile(
    r"""(?P<scheme>\bhttps?:/*)(?P<user>[^\s?#]*@)?(?P<rest>[^\s?#]*)"""
    r"""(?P<more>[?#]\S*?(?=['"),:]*(?:\s|$)))?""",
    re.IGNORECASE,
)
_CONSENT = (b"True", b'"True"')

Ask = Callable[[str, Mapping[str, Any]], bool]
"""Takes a URL, and the rule, target and credentials; returns whether the server there allows."""

Send = Callable[[str, str, bytes], tuple[int, bytes]]
"""Posts to a URL, with this content type, these bytes; returns the answer's status and body. Raises
if there is no whole answer in time.
"""


def fault(url: str) -> str:
    """Why this URL is never asked; the empty text if it may be.

    Plain HTTP is for a server on this host alone: credentials go out with every question.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if "%" in url:
        return "is not the same for every request: it has a % in it"
    if not host or not url.isascii() or not url.isprintable():
        return "is no URL with a host, in plain ASCII"
    if parts.username is not None or parts.fragment:
        return "has a user name or a fragment in it"
    if parts.scheme != "https" and not _is_loopback(host):
        return "would send credentials in the clear: only https: may leave this host"
    return ""


def shown(text: str) -> str:
    """The text with nothing left of each URL in it but scheme, host and path: what else there is
    may be a password or a token.
    """
    return _URL.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    scheme, user, rest, more = found.group("scheme", "user", "rest", "more")
    _, colon, port = rest.partition("/")[0].rpartition("]")[2].partition(":")
    if colon and not port.isdigit():
        return f"{scheme}…"  # a user name and a password, that something else cut off
    return f"{scheme}{'…@' if user else ''}{rest}{f'{more[0]}…' if more else ''}"


def asking(send: Send, content_type: str) -> Ask:
    """A way to ask.

    :param content_type: `FORM` or JSON, as `[oslo_policy] remote_content_type` says.
    """

    def ask(url: str, payload: Mapping[str, Any]) -> bool:
        return allows(*send(url, content_type, encoded(payload, content_type)))

    return ask


def not_asked(url: str, payload: Mapping[str, Any]) -> bool:
    """What stands for a way to ask where there is none.

    :raises PermissionError: always.
    """
    del payload
    raise PermissionError(
        f"{shown(url)} is not asked: [policy] allow_remote_checks is not switched on"
    )


def allows(status: int, body: bytes) -> bool:
    """Whether an answer is consent. Anything but a plain yes is a no."""
    return status == HTTPStatus.OK and body in _CONSENT


def encoded(payload: Mapping[str, Any], content_type: str) -> bytes:
    """As oslo.policy does it: JSON, or a form with a piece of JSON in each field."""
    if content_type == FORM:
        return urlencode({name: json.dumps(value) for name, value in payload.items()}).encode()
    return json.dumps(payload).encode()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
