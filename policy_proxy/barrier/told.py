"""Refusals for a front end that reads nothing of them but their head, as nginx does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import webob.exc

from policy_proxy.model import Environ, StartResponse, WSGIApp

HEADER = "X-Policy-Proxy-Refusal"


class Told:
    """Say the body of a refusal in a header, too. It is JSON in ASCII, on one line.

    :param app: the error barrier, whose answers come whole.
    """

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started: list[Any] = []
        body = self._app(environ, lambda *arguments: started.extend(arguments[:2]))
        status, headers = started
        if int(status[:3]) >= webob.exc.HTTPBadRequest.code:
            body = [*body]
            headers = [*headers, (HEADER, b"".join(body).decode("ascii"))]
        start_response(status, headers)
        return body
