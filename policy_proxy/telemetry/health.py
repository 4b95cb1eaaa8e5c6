"""`GET /healthcheck`: 200 when ready, 503 with the names of what is not; more for those trusted."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

import webob

from policy_proxy.config.networks import Network, is_in
from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.policy.shadow import Trial
from policy_proxy.policy.watch import PolicyState, PolicyWatch
from policy_proxy.telemetry.readiness import STOPPING, Readiness

PATH = "/healthcheck"
DETAILED = "detailed=1"
_WORDS = {
    "policy": "policy is not loaded",
    "keystone": "the identity service does not answer",
    "backend": "the service behind this proxy does not answer",
    STOPPING: "this proxy is about to stop",
}
_MADE_PLAIN = re.compile(r"%|//|/\.")
"""Of what servers decode, merge and leave out before they say what the path is."""
_STALE = "newer policy files are refused, the last good policy is in force"
_CANDIDATE = "the candidate policy cannot be used, so nothing is compared with it"
_LOST = "audit records could not be written where they should be"
_REFUSING = "requests that must be recorded are refused, since audit records cannot be written"


class Health:
    """Answers the exact path itself, without a token; everything else goes on.

    :param trial: the candidate policy, if one is tried.
    :param lost: tells how many audit records could not be written where they should be.
    :param trusted: from where more may be asked; it is the peer that counts.
    :param refusing: tells whether requests are refused since they cannot be recorded.
    """

    def __init__(
        self,
        app: WSGIApp,
        readiness: Readiness,
        watch: PolicyWatch,
        trial: Trial | None,
        lost: Callable[[], int],
        trusted: Iterable[Network | str],
        refusing: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app = app
        self._readiness = readiness
        self._watch = watch
        self._trial = trial
        self._lost = lost
        self._trusted = tuple(trusted)
        self._refusing = refusing

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_meant(environ):
            return self._app(environ, start_response)
        asked = environ.get("QUERY_STRING") == DETAILED
        detailed = asked and is_in(environ.get("REMOTE_ADDR", ""), self._trusted)
        document = self._told(detailed=detailed)
        response = webob.Response(
            status=200 if document["ready"] else 503,
            body=json.dumps(document).encode(),
            content_type="application/json",
            charset=None,
        )
        response.headers["Cache-Control"] = "no-store"
        start_response(response.status, response.headerlist)
        return [response.body]

    def _told(self, *, detailed: bool) -> dict[str, Any]:
        reasons = [_WORDS.get(name, name) for name in self._readiness.failing]
        state, lost = self._watch.state, self._lost()
        tried = self._trial and self._trial.watch.state
        warnings = {
            _STALE: state.snapshot and state.problems,
            _CANDIDATE: tried and tried.problems,
            _LOST: lost,
            _REFUSING: self._refusing(),
        }
        document: dict[str, Any] = {"ready": not reasons, "reasons": reasons}
        if any(warnings.values()):
            document["warnings"] = [words for words, holds in warnings.items() if holds]
        if detailed:
            policy = described(state)
            document |= {"worker": os.getpid(), "policy": policy, "audit": {"lost": lost}}
            if self._trial:
                document["candidate"] = _tried(self._trial)
        return document


def _is_meant(environ: Environ) -> bool:
    """Whether this path was sent, and not one that the server has made into it."""
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or PATH
    return (
        environ.get("PATH_INFO") == PATH
        and environ.get("REQUEST_METHOD") == "GET"
        and not _MADE_PLAIN.search(sent.partition("?")[0])
    )


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


def _tried(trial: Trial) -> dict[str, Any]:
    """The same of a candidate, and what it said of requests so far."""
    document = described(trial.watch.state)
    document["state"] = {"in force": "tried"}.get(document["state"], document["state"])
    return {**document, **trial.tally.told()}


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
