"""The body, read within bounds and only where the operation takes one."""

from __future__ import annotations

import re
from typing import Any

from policy_proxy.errors import BodyTooLarge, LengthRequired, Malformed, UnsupportedMedia
from policy_proxy.model import BodyRule, Environ

_JSON = re.compile(r'application/json(?: *; *charset=(?:utf-8|"utf-8"))?', re.IGNORECASE)
_HARMLESS = re.compile(r'[A-Za-z0-9!#$&^_.+/;= "-]{1,100}')


def check_declared(environ: Environ, rule: BodyRule, limit: int) -> None:
    """What the headers say of the body, before a byte of it is read.

    The headers must have passed their own checks.

    :param limit: the largest body, in bytes.
    :raises Malformed: a body without a type.
    :raises UnsupportedMedia: a body, or a required one that is absent, that is not JSON.
    :raises BodyTooLarge: a declared length larger than `limit`.
    :raises LengthRequired: a chunked body on a server that does not tell whether it is whole.
    """
    chunked, length = _declared(environ)
    _check_type(environ.get("CONTENT_TYPE", ""), rule, present=chunked or length > 0)
    if length > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.")
    if chunked and not _tells_the_end(environ):
        raise LengthRequired("This server needs a content-length header with a body.")


def _tells_the_end(environ: Environ) -> bool:
    """Whether the server can be trusted to tell the end of a chunked body from its breaking off.

    granian 2.8 claims so, and hands on what came as if it were whole.
    """
    software = environ.get("SERVER_SOFTWARE", "")
    return bool(environ.get("wsgi.input_terminated")) and software != "Granian"


def is_declared(environ: Environ) -> bool:
    """Whether the headers, which must have been checked, announce a body."""
    chunked, length = _declared(environ)
    return chunked or length > 0


def length_of(environ: Environ) -> int | None:
    """How many bytes the headers announce; None for a chunked body."""
    chunked, length = _declared(environ)
    return None if chunked else length


def read(environ: Environ, rule: BodyRule, limit: int) -> bytes | None:
    """The JSON text that came with the request, copied at most once; None where there is none.

    A body that the operation does not take is read, so that the connection stays usable, and
    forgotten. What the headers declare must have been checked.

    :param limit: the largest body, in bytes.
    :raises Malformed: a body that ends before its declared length, or a chunked one in which there
        is nothing.
    :raises BodyTooLarge: a chunked body larger than `limit`.
    """
    chunked, length = _declared(environ)
    body = _read(environ["wsgi.input"], limit + 1 if chunked else length)
    if len(body) > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.")
    if chunked and not body and rule is not BodyRule.NONE:
        # some servers hand a body that broke off before its first chunk on as an empty one
        raise Malformed("The chunked body is empty.")
    if not chunked and len(body) != length:
        raise Malformed("The body ended before its declared length.")
    if rule is BodyRule.NONE or not (body or _JSON.fullmatch(environ.get("CONTENT_TYPE", ""))):
        return None
    return body


def _declared(environ: Environ) -> tuple[bool, int]:
    return "HTTP_TRANSFER_ENCODING" in environ, int(environ.get("CONTENT_LENGTH") or 0)


def _check_type(content_type: str, rule: BodyRule, *, present: bool) -> None:
    if present and not content_type:
        raise Malformed("content-type header required when content-length > 0")
    needed = rule is BodyRule.REQUIRED or (rule is BodyRule.OPTIONAL and present)
    if needed and not _JSON.fullmatch(content_type):
        shown = content_type if _HARMLESS.fullmatch(content_type) else "given"
        raise UnsupportedMedia(
            f"The media type {shown if content_type else None} is not supported, "
            "use application/json"
        )


def _read(stream: Any, most: int) -> bytes:
    """Up to `most` bytes. One chunk, the usual case, is not copied at all."""
    chunks = []
    wanted = most
    try:
        while wanted > 0 and (chunk := stream.read(wanted)):
            chunks.append(chunk)
            wanted -= len(chunk)
    # For a client that breaks off, or breaks the framing, each server raises what it likes:
    # gunicorn a class of its own. Nothing is swallowed: it is the client's 400, and in the log.
    except Exception as error:  # whatever a server raises here
        raise Malformed("The body could not be read.", private=f"reading: {error!r}") from error
    return b"".join(chunks)
