"""The end of the chain of a proxy: ask the backend, exactly what was allowed and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import webob.exc

from policy_proxy.backend.client import Backend
from policy_proxy.backend.credentials import ServiceCredentials
from policy_proxy.backend.messages import Answer, Outbound
from policy_proxy.errors import BackendFailed, Unauthenticated
from policy_proxy.model import (
    CREDENTIALS_SENT,
    IDENTITY,
    REQUEST_ID,
    TOKENS_SENT,
    Environ,
    Headers,
    Identity,
    Request,
    Service,
    StartResponse,
)
from policy_proxy.terminals import location, usable
from policy_proxy.terminals.gate import admitted
from policy_proxy.terminals.streaming import Streams


@dataclass(frozen=True, slots=True)
class Forward:
    """Rebuild the request from what was understood, send it, and pass the answer on.

    :param service_credentials: whose token goes out instead of the caller's, if any.
    :param challenge: what a 401 tells the client: where to get a token.
    :param streams: through which large answers go out.
    """

    backend: Backend
    backend_url: str
    service: Service
    public_url: str | None
    service_credentials: ServiceCredentials | None
    challenge: Headers
    streams: Streams

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = admitted(environ)
        answer = self._asked(environ, request)
        try:
            headers = self._answered(environ, answer)
            body = self.streams.body(answer, request.method)
        except BaseException:  # nobody gets the answer, so nobody else would close it
            answer.close()
            raise
        start_response(_status_line(answer.status), headers)
        return body

    def _asked(self, environ: Environ, request: Request) -> Answer:
        identity: Identity | None = environ.get(IDENTITY)
        if identity is None:
            environ[CREDENTIALS_SENT] = "none"
            return self.backend.exchange(self._outbound(environ, request, ()))
        if self.service_credentials is None:
            environ[CREDENTIALS_SENT] = "caller"
            return self.backend.exchange(self._outbound(environ, request, _tokens(identity)))
        environ[CREDENTIALS_SENT] = "service"
        return self._asked_as_service(environ, request, self.service_credentials)

    def _asked_as_service(
        self, environ: Environ, request: Request, credentials: ServiceCredentials
    ) -> Answer:
        """A 401 was not executed, so one more try with a new token is safe even for a write."""
        token = credentials.token()
        answer = self.backend.exchange(self._outbound(environ, request, (("X-Auth-Token", token),)))
        if answer.status != webob.exc.HTTPUnauthorized.code:
            return answer
        answer.close()
        token = credentials.renewed(token)
        return self.backend.exchange(self._outbound(environ, request, (("X-Auth-Token", token),)))

    def _outbound(self, environ: Environ, request: Request, tokens: Headers) -> Outbound:
        environ[TOKENS_SENT] = tuple(token for _, token in tokens)
        headers = [
            ("Accept", "application/json"),
            ("User-Agent", "policy-proxy"),
            ("X-Openstack-Request-Id", environ[REQUEST_ID]),
            *tokens,
        ]
        if request.microversion:
            headers.append(("OpenStack-API-Version", f"{self.service.type} {request.microversion}"))
        if request.body is not None:
            headers.append(("Content-Type", "application/json"))
        path = request.path or "/"  # where the service is mounted: what comes before is not ours
        query = environ["QUERY_STRING"]
        return Outbound(
            method=request.method,
            target=f"{path}?{query}" if query else path,
            headers=tuple(headers),
            body=request.body,
        )

    def _answered(self, environ: Environ, answer: Answer) -> list[tuple[str, str]]:
        """The headers to pass on; answers that are no part of the service's API end here."""
        if answer.status == webob.exc.HTTPUnauthorized.code:
            self._refused_credentials(answer)
        named = dict(answer.headers)
        usable.check(answer, named)
        headers = [*answer.headers]
        if not _OURS.isdisjoint(named):
            headers = [pair for pair in headers if pair[0] not in _OURS]
        if answer.length is not None:
            headers.append(("Content-Length", str(answer.length)))
        if "location" in named:
            headers += self._location(environ, answer)
        return headers

    def _location(self, environ: Environ, answer: Answer) -> list[tuple[str, str]]:
        given = [value for name, value in answer.headers if name == "location"]
        if len(given) != 1:
            return []
        base = location.base_of(environ, self.public_url)
        ours = location.rewritten(given[0], self.backend_url, base, self.service.operations)
        return [("Location", ours)] if ours else []

    def _refused_credentials(self, answer: Answer) -> None:
        """Keystone's challenge means that the caller's token is no longer valid: the caller can
        mend that. Any other 401 is between the proxy and the backend, and nothing to the caller.
        """
        challenges = [value for name, value in answer.headers if name == "www-authenticate"]
        if self.service_credentials is None and any(
            value.startswith("Keystone ") for value in challenges
        ):
            raise Unauthenticated(
                "The request you have made requires authentication.",
                private="the backend does not accept the caller's token (revoked, perhaps)",
                headers=self.challenge,
            )
        raise BackendFailed(
            "The service behind this proxy does not accept the proxy.",
            private="the backend answered 401: check [backend] credentials and the service user",
        )


_OURS = frozenset({"content-length", "location", "www-authenticate", "x-openstack-request-id"})


def _tokens(identity: Identity) -> Headers:
    tokens = [("X-Auth-Token", identity.token)]
    if identity.service_token:
        tokens.append(("X-Service-Token", identity.service_token))
    return tuple(tokens)


def _status_line(status: int) -> str:
    known = webob.exc.status_map.get(status)
    return f"{status} {known.title if known else 'Unknown'}"
