"""keystonemiddleware's auth_token, asked one question and given no other power.

auth_token is not wrapped around the rest of the chain: it gets a copy of the environ and an
application of one line, so that what it raises is told apart from what the rest raises, what it
writes into the environ stays in the copy, and no answer streams through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import webob
from keystonemiddleware import auth_token
from oslo_config import cfg

from policy_proxy.authentication import token_header
from policy_proxy.authentication.cache import SharedCache, TokenCache
from policy_proxy.authentication.identity import TOKEN_AUTH
from policy_proxy.config import authtoken
from policy_proxy.errors import Unauthenticated, Unavailable
from policy_proxy.model import REQUEST, Environ, Headers, StartResponse, WSGIApp

_SENTENCE = "The identity service cannot be reached. Try again in a moment."
_RETRY: Headers = (("Retry-After", "5"),)
_ACCEPTED = "204 No Content"


class AuthToken:
    """Let requests with a valid token through, their validated token in the environ.

    :param conf: the parsed configuration with `[keystone_authtoken]`.
    :param cache: where validated tokens are remembered; auth_token would bring its own.
    """

    def __init__(self, app: WSGIApp, conf: cfg.ConfigOpts, cache: TokenCache | SharedCache) -> None:
        self._app = app
        self._extra = {conf[authtoken.GROUP].cache: cache}
        self._protocol = auth_token.AuthProtocol(_accept, {"oslo_config_config": conf})
        self._challenge: Headers = (("WWW-Authenticate", authtoken.challenge(conf)),)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ[REQUEST].operation.public:
            environ.pop("HTTP_X_AUTH_TOKEN", None)
            environ.pop("HTTP_X_SERVICE_TOKEN", None)
        else:
            environ["HTTP_X_AUTH_TOKEN"] = self._checked(environ.get("HTTP_X_AUTH_TOKEN"))
            if "HTTP_X_SERVICE_TOKEN" in environ:
                environ["HTTP_X_SERVICE_TOKEN"] = self._checked(environ["HTTP_X_SERVICE_TOKEN"])
            environ[TOKEN_AUTH] = self._validated(environ)
        return self._app(environ, start_response)

    def _checked(self, token: str | None) -> str:
        return token_header.checked(token, self._challenge)

    def _validated(self, environ: Environ) -> Any:
        asked = {**environ, **self._extra}
        try:
            answer = webob.Request(asked).get_response(self._protocol)
        except Exception as error:
            # auth_token lets requests' timeouts and its own parsing errors escape
            raise Unavailable(_SENTENCE, headers=_RETRY) from error
        if answer.status == _ACCEPTED and asked.get(TOKEN_AUTH):
            return asked[TOKEN_AUTH]
        if answer.status_int == webob.exc.HTTPUnauthorized.code:
            raise Unauthenticated(
                token_header.SENTENCE,
                private="Keystone does not accept the token",
                headers=self._challenge,
            )
        raise Unavailable(_SENTENCE, private=f"auth_token answered {answer.status}", headers=_RETRY)


def _accept(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    del environ
    start_response(_ACCEPTED, [])
    return []
