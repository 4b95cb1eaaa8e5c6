"""The layer that finds out who asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from policy_proxy.authentication import token_header
from policy_proxy.authentication.auth_token import UNKNOWN, AuthToken
from policy_proxy.authentication.identity import identity_of, lasts_until
from policy_proxy.authentication.memory import NOBODY, Memory, Validated
from policy_proxy.errors import Unauthenticated
from policy_proxy.model import (
    IDENTITY,
    REQUEST,
    Environ,
    Headers,
    Identity,
    Request,
    StartResponse,
    WSGIApp,
)

_TOKEN, _SERVICE_TOKEN = "HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"


class Identify:
    """Let requests with a valid token through, with the `Identity` that it gives.

    :param auth_token: asks Keystone.
    :param memory: what it said a moment ago.
    :param challenge: the header of a 401 that says where to get a token.
    """

    def __init__(
        self, app: WSGIApp, auth_token: AuthToken, memory: Memory, challenge: Headers
    ) -> None:
        self._app = app
        self._auth_token = auth_token
        self._memory = memory
        self._challenge = challenge

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request: Request = environ[REQUEST]
        if request.operation.public:
            environ.pop(_TOKEN, None)
            environ.pop(_SERVICE_TOKEN, None)
        else:
            environ[IDENTITY] = self._identified(environ, request)
        return self._app(environ, start_response)

    def _identified(self, environ: Environ, request: Request) -> Identity:
        """
        :raises Unauthenticated: without a token that Keystone accepts for this request.
        :raises Unavailable: if Keystone cannot be asked.
        """
        token = environ[_TOKEN] = token_header.checked(environ.get(_TOKEN), self._challenge)
        service_token = ""
        if _SERVICE_TOKEN in environ:
            service_token = token_header.checked(environ[_SERVICE_TOKEN], self._challenge)
            environ[_SERVICE_TOKEN] = service_token
        identity = self._memory.identity(
            f"{token} {service_token}",
            f"{request.method} {request.path}",
            partial(self._validated, environ, token, service_token),
        )
        if identity is None:
            raise Unauthenticated(
                token_header.SENTENCE,
                private="Keystone does not accept the token",
                headers=self._challenge,
            )
        return identity

    def _validated(self, environ: Environ, token: str, service_token: str) -> Validated | None:
        accepted = self._auth_token.validated(environ)
        if accepted is None:
            return None
        if accepted is UNKNOWN:
            return NOBODY
        return Validated(
            identity_of(accepted.tokens, token, service_token),
            lasts_until(accepted.tokens),
            partial(self._auth_token.would_repeat, accepted.documents),
        )
