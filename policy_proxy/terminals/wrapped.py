"""The end of the chain inside the service's own process: call the application that is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policy_proxy.model import CREDENTIALS_SENT, Environ, StartResponse, WSGIApp
from policy_proxy.terminals.gate import admitted


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Hand the cleaned environ on. The application's own authentication sees the caller's token."""

    app: WSGIApp

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        admitted(environ)
        environ[CREDENTIALS_SENT] = "caller"
        return self.app(environ, start_response)
