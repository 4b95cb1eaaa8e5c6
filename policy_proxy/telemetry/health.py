"""`GET /healthcheck`: 200 when ready, 503 with the names of what is not."""

from __future__ import annotations

import json
from collections.abc import Iterable

import webob

from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.telemetry.readiness import Readiness

PATH = "/healthcheck"
_WORDS = {
    "policy": "policy is not loaded",
    "keystone": "the identity service does not answer",
    "backend": "the service behind this proxy does not answer",
}


class Health:
    """Answers the exact path itself, without a token; everything else goes on."""

    def __init__(self, app: WSGIApp, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") != "GET":
            return self._app(environ, start_response)
        reasons = [_WORDS.get(name, name) for name in self._readiness.failing]
        response = webob.Response(
            status=503 if reasons else 200,
            body=json.dumps({"ready": not reasons, "reasons": reasons}).encode(),
            content_type="application/json",
            charset=None,
        )
        response.headers["Cache-Control"] = "no-store"
        start_response(response.status, response.headerlist)
        return [response.body]
