"""What every request's header must be like, whatever is asked."""

from __future__ import annotations

import re
from operator import methodcaller

from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import HeadersTooLarge, Malformed, UnsupportedMedia
from policy_proxy.model import Environ

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_NAME = re.compile(r"[^A-Za-z0-9_!#$%&'*+.^`|~-]")
"""What is in no field name (RFC 9110, section 5.6.2), as servers write them in an environ."""
_PROTOCOL = re.compile(r"HTTP/[0-9](?:\.[0-9])?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_is_header = methodcaller("startswith", ("HTTP_", "CONTENT_LENGTH", "CONTENT_TYPE"))
_TWINS = {"CONTENT_LENGTH": "HTTP_CONTENT_LENGTH", "CONTENT_TYPE": "HTTP_CONTENT_TYPE"}
"""The two headers that WSGI names without a prefix, and what they are called with one."""


def check(environ: Environ, limits: LimitSettings) -> None:
    """Refuse a header that is too large, or that two readers could read differently.

    :raises HeadersTooLarge: more fields or bytes than `limits` allow.
    :raises Malformed: control characters, names that are none, or framing that is not beyond doubt.
    :raises UnsupportedMedia: an encoded body; it is never decoded here.
    """
    names = [*filter(_is_header, environ)]
    joined = "".join(names)
    values = "".join(map(environ.__getitem__, names))
    if len(names) > limits.max_headers:
        raise HeadersTooLarge("The request has too many header fields.")
    prefixes = len("HTTP_") * (len(names) - len(_TWINS.keys() & environ.keys()))
    if len(joined) - prefixes + len(values) > limits.max_header_bytes:
        raise HeadersTooLarge("The header of the request is too large.")
    if _CONTROL.search(values):  # a line break may also be all that is left of a folded line
        raise Malformed("A header field holds a control character.")
    if _NO_NAME.search(joined):  # `Content-Length : 5` is a length to some
        raise Malformed("The name of a header field holds a character that no name has.")
    if not _PROTOCOL.fullmatch(environ.get("SERVER_PROTOCOL", "HTTP/1.1")):
        raise Malformed("The request line is not written plainly.")  # uWSGI takes it as it comes
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
