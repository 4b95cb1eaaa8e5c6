"""`GET /healthcheck`: 200 when ready, 503 with the names of what is not; more for those trusted."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
from collections.abc import Iterable
from typing import Any

import webob

from policy_proxy.config.health import Network
from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.policy.watch import PolicyState, PolicyWatch
from policy_proxy.telemetry.readiness import Readiness

PATH = "/healthcheck"
DETAILED = "detailed=1"
_WORDS = {
    "policy": "policy is not loaded",
    "keystone": "the identity service does not answer",
    "backend": "the service behind this proxy does not answer",
}
_STALE = "newer policy files are refused, the last good policy is in force"


class Health:
    """Answers the exact path itself, without a token; everything else goes on.

    :param trusted: from where more may be asked.
    """

    def __init__(
        self, app: WSGIApp, readiness: Readiness, watch: PolicyWatch, trusted: Iterable[Network]
    ) -> None:
        self._app = app
        self._readiness = readiness
        self._watch = watch
        self._trusted = tuple(trusted)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") != "GET":
            return self._app(environ, start_response)
        reasons = [_WORDS.get(name, name) for name in self._readiness.failing]
        state = self._watch.state
        document: dict[str, Any] = {"ready": not reasons, "reasons": reasons}
        if state.snapshot and state.problems:
            document["warnings"] = [_STALE]
        if environ.get("QUERY_STRING") == DETAILED and self._trusts(environ.get("REMOTE_ADDR", "")):
            document |= {"worker": os.getpid(), "policy": described(state)}
        response = webob.Response(
            status=503 if reasons else 200,
            body=json.dumps(document).encode(),
            content_type="application/json",
            charset=None,
        )
        response.headers["Cache-Control"] = "no-store"
        start_response(response.status, response.headerlist)
        return [response.body]

    def _trusts(self, address: str) -> bool:
        """An IPv4 address is the same one when a socket for IPv6 has accepted it."""
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return False
        client = getattr(client, "ipv4_mapped", None) or client
        return any(client in network for network in self._trusted)


def described(state: PolicyState) -> dict[str, Any]:
    """The state of policy as JSON: what is in force, what is refused and why, since when."""
    snapshot = state.snapshot
    document: dict[str, Any] = {
        "state": "refused" if state.problems else "in force" if snapshot else "not loaded",
        "since": _time(state.since),
        "revision": snapshot.revision if snapshot else None,
        "taken_at": _time(snapshot.taken_at) if snapshot else None,
    }
    if state.problems:
        document |= {"refused_revision": state.refused, "because": list(state.problems)}
    return document


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
