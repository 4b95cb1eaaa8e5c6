"""What every request's header must be like, whatever is asked."""

from __future__ import annotations

import re

from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import HeadersTooLarge, Malformed, UnsupportedMedia
from policy_proxy.model import Environ

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LENGTH = re.compile(r"[0-9]{1,18}")
_TWINS = {"CONTENT_LENGTH": "HTTP_CONTENT_LENGTH", "CONTENT_TYPE": "HTTP_CONTENT_TYPE"}
"""The two headers that WSGI names without a prefix, and what they are called with one."""


def check(environ: Environ, limits: LimitSettings) -> None:
    """Refuse a header that is too large, or that two readers could read differently.

    :raises HeadersTooLarge: more fields or bytes than `limits` allow.
    :raises Malformed: control characters, or framing that is not beyond doubt.
    :raises UnsupportedMedia: an encoded body; it is never decoded here.
    """
    fields = {
        name: value for name, value in environ.items() if name[:5] == "HTTP_" or name in _TWINS
    }
    values = "".join(fields.values())
    if len(fields) > limits.max_headers:
        raise HeadersTooLarge("The request has too many header fields.")
    prefixes = len("HTTP_") * (len(fields) - len(_TWINS.keys() & fields.keys()))
    if sum(map(len, fields)) - prefixes + len(values) > limits.max_header_bytes:
        raise HeadersTooLarge("The header of the request is too large.")
    if _CONTROL.search(values):  # a line break may also be all that is left of a folded line
        raise Malformed("A header field holds a control character.")
    _check_framing(fields)


def _check_framing(fields: dict[str, str]) -> None:
    """Where the body ends must be said once (RFC 9112, section 6.3)."""
    for name, twin in _TWINS.items():
        # nginx's uwsgi_pass gives both; `Content_Length` from a client gives one, or a difference
        if twin in fields and fields[twin] != fields.get(name, ""):
            raise Malformed(f"{name.replace('_', '-').lower()} header is ambiguous")
    length = fields.get("CONTENT_LENGTH", "")
    if length and not _LENGTH.fullmatch(length):
        raise Malformed("content-length header must be an integer")
    if fields.get("HTTP_TRANSFER_ENCODING", "chunked") != "chunked":
        raise Malformed("The only transfer coding that is understood is chunked.")
    if length and "HTTP_TRANSFER_ENCODING" in fields:
        raise Malformed("A request has a transfer coding or a content length, not both.")
    if fields.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise UnsupportedMedia("The body must not be encoded or compressed.")
