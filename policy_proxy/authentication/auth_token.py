"""keystonemiddleware's auth_token, asked one question and given no other power.

auth_token is not wrapped around the rest of the chain: it gets a copy of the environ and an
application of one line, so that what it raises is told apart from what the rest raises, what it
writes into the environ stays in the copy, and no answer streams through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests
import webob
from keystoneauth1 import exceptions
from keystonemiddleware import auth_token
from oslo_config import cfg

from policy_proxy.authentication.cache import SharedCache, TokenCache
from policy_proxy.authentication.caution import Asking, Caution, Cautious, Documents, NotAsked
from policy_proxy.backend import keystone
from policy_proxy.config import authtoken
from policy_proxy.errors import Unavailable, beginning_of
from policy_proxy.model import Environ, Headers, StartResponse, WSGIApp

_SENTENCE = "The identity service cannot be reached. Try again in a moment."
_RETRY: Headers = (("Retry-After", "5"),)
_ACCEPTED = "204 No Content"
_TOKEN_AUTH = "keystone.token_auth"  # noqa: S105  the environ key that auth_token sets


_NO_ANSWER = {0, 401, 403, 429}
"""Statuses that say nothing of a token: there was no answer (0), the proxy's own user is turned
away, or there are too many calls."""


UNKNOWN = object()
"""Keystone does not know one of the tokens, whatever is asked with them."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    :param tokens: auth_token's plugin, with `user` and `service`.
    :param documents: where auth_token read it.
    """

    tokens: Any
    documents: Documents


class AuthToken:
    """
    :param conf: the parsed configuration with `[keystone_authtoken]`.
    :param cache: where validated tokens are remembered; auth_token would bring its own.
    :param caution: says who may ask Keystone.
    """

    def __init__(
        self, conf: cfg.ConfigOpts, cache: TokenCache | SharedCache, caution: Caution
    ) -> None:
        self._cache = Cautious(cache, caution)
        self._extra = {conf[authtoken.GROUP].cache: self._cache}
        self._caution = caution
        self._transport = keystone.transport(conf, authtoken.GROUP)
        self._seconds = authtoken.timeout(conf, authtoken.GROUP)
        self._protocol = _Protocol(_accept, {"oslo_config_config": conf}, self._transport)

    def validated(self, environ: Environ) -> Any:
        """What Keystone says of the tokens of this request: an `Accepted`. None if it does not
        accept them for this method and path, UNKNOWN if for none.

        :raises Unavailable: if Keystone cannot be asked, or its answer cannot be used.
        """
        asked = {**environ, **self._extra}
        usable = self._caution.unbroken()
        with self._cache.asking() as asking, self._transport.within(self._seconds, usable) as calls:
            try:
                accepted = self._accepts(asked)
            except Unavailable:
                if asking.asked:
                    self._caution.failed(answered=calls.status not in _NO_ANSWER)
                raise
        self._worked(asking)
        if accepted:
            return Accepted(asked[_TOKEN_AUTH], asking.documents)
        return None if asking.found_all else UNKNOWN

    def would_repeat(self, documents: Documents) -> bool:
        """Whether auth_token would read the same once more, instead of asking Keystone."""
        return self._cache.still_has(documents)

    def _worked(self, asking: Asking) -> None:
        if asking.asked:
            self._caution.worked()
        if not asking.found_all:
            self._caution.refused()

    def _accepts(self, asked: Environ) -> bool:
        answer = self._answer(asked)
        if answer.status == _ACCEPTED and asked.get(_TOKEN_AUTH):
            return True
        if answer.status_int == webob.exc.HTTPUnauthorized.code:
            return False
        raise Unavailable(_SENTENCE, private=f"auth_token answered {answer.status}", headers=_RETRY)

    def _answer(self, asked: Environ) -> webob.Response:
        """auth_token lets requests' timeouts and its own parsing errors escape."""
        try:
            return webob.Request(asked).get_response(self._protocol)
        except NotAsked as error:
            raise Unavailable(_SENTENCE, private=str(error), headers=_RETRY) from None
        except (exceptions.ClientException, requests.RequestException) as error:
            private = f"Keystone cannot be asked: {beginning_of(error)}"
            raise Unavailable(_SENTENCE, private=private, headers=_RETRY) from None
        except Exception as error:  # what auth_token stumbles over is no answer, so a 503; the log
            # has the traceback of the cause
            raise Unavailable(_SENTENCE, headers=_RETRY) from error


class _Protocol(auth_token.AuthProtocol):  # type: ignore[misc]  # it has no types
    """With a transport that ends in time. There is no other way to give auth_token one."""

    def __init__(self, app: WSGIApp, conf: dict[str, Any], transport: keystone.Bounded) -> None:
        self._transport = transport
        super().__init__(app, conf)

    def _create_session(self, **options: Any) -> Any:
        session = super()._create_session(**options)
        keystone.mount(session, self._transport)
        return session


def _accept(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    del environ
    start_response(_ACCEPTED, [])
    return []
