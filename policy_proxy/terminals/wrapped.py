"""The end of the chain inside the service's own process: call the application that is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from policy_proxy.errors import BackendFailed, Unauthenticated
from policy_proxy.model import (
    CREDENTIALS_SENT,
    IDENTITY,
    TOKENS_SENT,
    Environ,
    Headers,
    Identity,
    Operation,
    StartResponse,
    WSGIApp,
)
from policy_proxy.terminals import location
from policy_proxy.terminals.gate import admitted

_OUTSIDE = frozenset({"HTTP_ORIGIN", "webob.adhoc_attrs"})
"""What the chain keeps for the CORS middleware outside. The application may have one of its own."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Hand the cleaned environ on, and the answer back without touching its body.

    The application gets an environ of its own: its authentication sees the caller's token, and
    nothing that it writes is seen by the chain.

    :param operations: the service's, for the paths that `Location` may have.
    :param challenge: what a 401 tells the client: where to get a token.
    """

    app: WSGIApp
    operations: tuple[Operation, ...]
    public_url: str | None
    challenge: Headers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        admitted(environ)
        _note_credentials(environ)
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answered[:] = [(status, headers)]
            return start_response(status, self._ours(environ, headers), exc_info)

        body = self.app(_handed_on(environ), start)
        if answered and answered[0][0].startswith("401"):
            self._refused(answered[0][1], body)
        return body

    def _ours(self, environ: Environ, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers with a `Location` that leads clients where they came in, or without one."""
        given = [value for name, value in headers if name.lower() == "location"]
        if not given:
            return headers
        kept = [pair for pair in headers if pair[0].lower() != "location"]
        if len(given) == 1:
            base = location.base_of(environ, self.public_url)
            mounted = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"))
            if ours := location.rewritten(given[0], mounted, base, self.operations):
                kept.append(("Location", ours))
        return kept

    def _refused(self, headers: list[tuple[str, str]], body: Iterable[bytes]) -> None:
        """Keystone's challenge means that the token is no longer valid, which the caller can mend.
        Without it the two halves of this process do not agree on who validates tokens.

        :raises Unauthenticated, BackendFailed: always.
        """
        close = getattr(body, "close", None)
        if close is not None:
            close()
        if any(name.lower() == "www-authenticate" and value.startswith("Keystone ")
               for name, value in headers):  # fmt: skip
            raise Unauthenticated(
                "The request you have made requires authentication.",
                private="the wrapped application does not accept the token (revoked, perhaps)",
                headers=self.challenge,
            )
        raise BackendFailed(
            "The service behind this proxy does not accept the proxy.",
            private="the wrapped application answered 401 without Keystone's challenge: "
            "it must validate tokens with Keystone, too ([api] auth_strategy in placement.conf)",
        )


def _handed_on(environ: Environ) -> Environ:
    return {
        name: value
        for name, value in environ.items()
        if name not in _OUTSIDE and not name.startswith("policy_proxy.")
    }


def _note_credentials(environ: Environ) -> None:
    """For the audit record, and for the log, which must not repeat a token."""
    identity: Identity | None = environ.get(IDENTITY)
    environ[CREDENTIALS_SENT] = "caller" if identity else "none"
    tokens = (identity.token, identity.service_token) if identity else ()
    environ[TOKENS_SENT] = tuple(filter(None, tokens))
