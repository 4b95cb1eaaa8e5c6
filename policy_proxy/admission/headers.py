"""What every request's header must be like, whatever is asked."""

from __future__ import annotations

import re
from operator import methodcaller

from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import HeadersTooLarge, Malformed, UnsupportedMedia
from policy_proxy.model import Environ

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LENGTH = re.compile(r"[0-9]{1,18}")
_is_header = methodcaller("startswith", ("HTTP_", "CONTENT_LENGTH", "CONTENT_TYPE"))
_TWINS = {"CONTENT_LENGTH": "HTTP_CONTENT_LENGTH", "CONTENT_TYPE": "HTTP_CONTENT_TYPE"}
"""The two headers that WSGI names without a prefix, and what they are called with one."""


def check(environ: Environ, limits: LimitSettings) -> None:
    """Refuse a header that is too large, or that two readers could read differently.

    :raises HeadersTooLarge: more fields or bytes than `limits` allow.
    :raises Malformed: control characters, or framing that is not beyond doubt.
    :raises UnsupportedMedia: an encoded body; it is never decoded here.
    """
    names = [*filter(_is_header, environ)]
    values = "".join(map(environ.__getitem__, names))
    if len(names) > limits.max_headers:
        raise HeadersTooLarge("The request has too many header fields.")
    prefixes = len("HTTP_") * (len(names) - len(_TWINS.keys() & environ.keys()))
    if len("".join(names)) - prefixes + len(values) > limits.max_header_bytes:
        raise HeadersTooLarge("The header of the request is too large.")
    if _CONTROL.search(values):  # a line break may also be all that is left of a folded line
        raise Malformed("A header field holds a control character.")
    _check_framing(environ)


def _check_framing(environ: Environ) -> None:
    """Where the body ends must be said once (RFC 9112, section 6.3)."""
    for name, twin in _TWINS.items():
        # nginx's uwsgi_pass gives both; `Content_Length` from a client gives one, or a difference
        if twin in environ and environ[twin] != environ.get(name, ""):
            raise Malformed(f"{name.replace('_', '-').lower()} header is ambiguous")
    length = environ.get("CONTENT_LENGTH", "")
    if length and not _LENGTH.fullmatch(length):
        raise Malformed("content-length header must be an integer")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding is not None and coding != "chunked":
        raise Malformed("The only transfer coding that is understood is chunked.")
    if length and coding is not None:
        raise Malformed("A request has a transfer coding or a content length, not both.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise UnsupportedMedia("The body must not be encoded or compressed.")
