"""What a front end asks about becomes the request at hand: its client's, not its own.

It stands before admission, so that everything behind it is about what the client sent. Whatever is
not said once and plainly is refused: a guess could be about another request than the one that the
front end then forwards.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from policy_proxy.config.authorizer import AuthorizerSettings
from policy_proxy.config.networks import is_in
from policy_proxy.errors import Malformed, NotFound
from policy_proxy.model import ORIGINAL, Environ, StartResponse, WSGIApp

SAID_IN = {
    "nginx": ("HTTP_X_ORIGINAL_METHOD", "HTTP_X_ORIGINAL_URI"),
    "caddy": ("HTTP_X_FORWARDED_METHOD", "HTTP_X_FORWARDED_URI"),
    "traefik": ("HTTP_X_FORWARDED_METHOD", "HTTP_X_FORWARDED_URI"),
}
"""Where method and target are said; a front end that is not here asks with the client's own."""

_PARTIAL, _WHOLE = "HTTP_X_ENVOY_AUTH_PARTIAL_BODY", "false"
_SHOWN = ("RAW_URI", "REQUEST_URI")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 9.1
_TARGET = re.compile(r"/[\x21-\x7e]*")
_JOINED = ",/"
"""A header that came twice is joined by a comma, and a second target begins with a slash."""

_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@/?-]|%[0-9A-Fa-f]{2})*")
"""RFC 3986, section 3.4, without the semicolon: what else a client sends goes on as it is, and `#`
would cut the query off for some."""

_MISLEADING = re.compile(
    r"HTTP_(?:\w*[^\w].*|"
    r"X_(?:IDENTITY_STATUS|IS_ADMIN_PROJECT|ROLES?|SERVICE_(?!TOKEN\Z)\w+|STORAGE_TOKEN|TRUST_ID"
    r"|(?:DOMAIN|PROJECT|TENANT|USER)(?:_\w+)?"
    r"|HTTP_METHOD(?:_OVERRIDE)?|METHOD_OVERRIDE|ORIGINAL_URL|REWRITE_URL)"
    r"|OPENSTACK_SYSTEM_SCOPE|REMOTE_USER)"
)
"""Headers that say who asks or what, to a service that believes them. Servers are known to take any
odd character of a name for a hyphen: `X.Roles`, `X~Roles`.
"""

_VERSION = "HTTP_OPENSTACK_API_VERSION"
_PLAIN = re.compile(r"[A-Za-z0-9 ,._-]*")
"""What a list of microversions is made of. Envoy shows a byte that is no UTF-8 as `!`, and forwards
it as it is: some of them are blanks to Placement."""

_READ = (_VERSION, "HTTP_X_SERVICE_TOKEN")
"""Headers that Placement reads as well. granian shows a value that is not ASCII as an empty one,
and the front end forwards it as it is."""


class _Asked(NamedTuple):
    """:param sent: the path before it is decoded, if that can be known.
    :param path: the same, decoded once.
    """

    method: str
    sent: str
    path: str
    query: str


class Original:
    """Let in who may ask, and put the client's method, target and headers in the place of theirs.

    What is left to the end of the chain is to compare `ORIGINAL`, the path as sent, with the one
    that is decided.
    """

    def __init__(self, app: WSGIApp, settings: AuthorizerSettings) -> None:
        self._app = app
        self._settings = settings
        self._said_in = SAID_IN.get(settings.front_end or "")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._check_asker(environ)
        asked = self._asked(environ)
        self._put(environ, asked)
        _check(environ, asked)
        if self._settings.sees_bodies:
            _check_whole(environ)
        return self._app(environ, start_response)

    def _asked(self, environ: Environ) -> _Asked:
        """
        :raises Malformed: if it is not said plainly.
        """
        if self._said_in is None:
            return _own(environ, self._settings.check_path)
        if environ.get("PATH_INFO") != self._settings.check_path:
            raise Malformed(_UNPLAIN, private="what is asked is not at [authorizer] check_path")
        return _said(environ, *self._said_in)

    def _check_asker(self, environ: Environ) -> None:
        """
        :raises Malformed: for anybody but the front end.
        """
        peer = environ.get("REMOTE_ADDR", "")
        if not is_in(peer, self._settings.trusted_addresses):
            private = f"{peer or 'unix'} is not among [authorizer] trusted_addresses"
            raise Malformed("This service answers its front end alone.", private=private)

    def _put(self, environ: Environ, asked: _Asked) -> None:
        """
        :raises NotFound: for a path that is not below that of `[server] public_url`.
        """
        mount = self._settings.mount
        for name in (*_SHOWN, *(self._said_in or ())):
            environ.pop(name, None)
        environ |= {
            "REQUEST_METHOD": asked.method,
            "SCRIPT_NAME": mount,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "RAW_URI": f"{asked.sent}?{asked.query}" if asked.query else asked.sent,
            ORIGINAL: asked.sent.removeprefix(mount),
        }
        if not self._settings.sees_bodies:
            for name in ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
                environ.pop(name, None)
            environ["wsgi.input"] = io.BytesIO()
        if mount:
            if not f"{asked.path}/".startswith(f"{mount}/"):
                raise NotFound("The resource could not be found.")
            environ["PATH_INFO"] = asked.path.removeprefix(mount)


_UNPLAIN = "The front end does not say plainly what it asks about."


def _said(environ: Environ, method_in: str, target_in: str) -> _Asked:
    """What the headers of the front end say.

    :raises Malformed: if one of them is absent or empty, came twice, or says no such thing.
    """
    method, target = environ.get(method_in, ""), environ.get(target_in, "")
    if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target) or _JOINED in target:
        private = (
            f"{_header(method_in)} or {_header(target_in)} is absent, doubled or malformed: "
            "is the server that asks the one of [authorizer] front_end?"
        )
        raise Malformed(_UNPLAIN, private=private)
    path, _, query = target.partition("?")
    return _Asked(method, path, unquote_to_bytes(path).decode("latin-1"), query)


def _own(environ: Environ, check_path: str) -> _Asked:
    """What the front end asks itself, behind the path that it puts before.

    :raises Malformed: if that is not before it.
    """
    path = environ.get("PATH_INFO", "")
    shown = next(filter(None, (environ.get(name) for name in _SHOWN)), path).partition("?")[0]
    if not path.startswith(f"{check_path}/") or not shown.startswith(f"{check_path}/"):
        raise Malformed(_UNPLAIN, private="what is asked does not begin with check_path")
    return _Asked(
        environ["REQUEST_METHOD"],
        shown.removeprefix(check_path),
        path.removeprefix(check_path),
        environ.get("QUERY_STRING", ""),
    )


def _check(environ: Environ, asked: _Asked) -> None:
    """
    :raises Malformed: for what the front end would forward and two readers could read differently.
    """
    misleading = sorted(filter(_MISLEADING.fullmatch, environ))
    if misleading:
        private = f"the client's {', '.join(map(_header, misleading))}: have the front end drop it"
        raise Malformed("A header field is not for clients to set.", private=private)
    unsaid = [name for name in _READ if not all(map(str.strip, environ.get(name, "-").split(",")))]
    if unsaid:
        private = f"the client's {', '.join(map(_header, unsaid))}: empty, or not ASCII"
        raise Malformed("A header field is empty, or not in ASCII.", private=private)
    if not _PLAIN.fullmatch(environ.get(_VERSION, "")):
        raise Malformed("Invalid microversion: it is not written plainly.")
    if not _QUERY.fullmatch(asked.query) and ";" not in asked.query:
        raise Malformed(
            "Invalid query string parameters: a character is not percent-encoded as it should be."
        )


def _check_whole(environ: Environ) -> None:
    """
    :raises Malformed: for a part of a body, or one of which nothing says that it is no part.
    """
    declared = environ.get("CONTENT_LENGTH", "") not in ("", "0")
    there = declared or "HTTP_TRANSFER_ENCODING" in environ
    if environ.get(_PARTIAL, "" if there else _WHOLE) != _WHOLE:
        raise Malformed("The body is too large to be looked at.", private="the body is partial")


def _header(name: str) -> str:
    return name.removeprefix("HTTP_").replace("_", "-").title()
