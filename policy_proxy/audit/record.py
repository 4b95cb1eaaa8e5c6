"""The record of one request: what was asked, by whom, what was decided, and how it ended.

In strict mode there is another one before it: what is about to be done.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from policy_proxy.model import (
    CANDIDATE,
    CLIENT,
    CREDENTIALS_SENT,
    DECISION,
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    Decision,
    Effect,
    Environ,
    Identity,
    Request,
)

VERSION = 3
REQUEST_EVENT = "request"
INTENT_EVENT = "intent"
OF_ANSWERS = frozenset({"outcome", "status", "duration_ms", "credentials", "candidate"})
"""Fields that an intent does not have."""
MARKS = ("begin", "resume", "lost", "end")
"""Events that are words of the log about itself."""
_LONGEST_PATH = 2048
_SHORTEST_SECRET = 16
_TOKEN_HEADERS = ("HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN")
_UNDECIDED = Decision("")
_NOBODY = Identity()


def outcome_of(environ: Environ) -> str:
    """`allowed` if policy (or the lack of need for it) let the request through, else `error`."""
    request: Request | None = environ.get(REQUEST)
    decision: Decision | None = environ.get(DECISION)
    if request is not None and request.operation.public:
        return "allowed"
    if decision is not None and decision.effect is Effect.ALLOW:
        return "allowed"
    return "error"


def record(environ: Environ, outcome: str, status: int, duration_ms: float) -> dict[str, Any]:
    """One JSON-encodable object. It never holds a token."""
    request: Request | None = environ.get(REQUEST)
    decision: Decision = environ.get(DECISION, _UNDECIDED)
    who: Identity = environ.get(IDENTITY, _NOBODY)
    tokens = _tokens(environ)
    return {
        "version": VERSION,
        "event": REQUEST_EVENT,
        "time": now(),
        "request_id": environ[REQUEST_ID],
        "outcome": outcome,
        "status": status,
        "duration_ms": round(duration_ms, 3),
        **(_not_understood(environ, tokens) if request is None else _asked(request)),
        "client": str(environ.get(CLIENT, environ.get("REMOTE_ADDR", ""))),
        "revision": decision.revision,
        "reason": decision.reason,
        "target": {name: _hidden(value, tokens) for name, value in decision.target.items()},
        "user_id": who.user_id,
        "user_domain_id": who.user_domain_id,
        "project_id": who.project_id,
        "project_domain_id": who.project_domain_id,
        "domain_id": who.domain_id,
        "system_scope": who.system_scope,
        "roles": [*who.roles],
        "is_admin_project": who.is_admin_project,
        "service_user_id": who.service_user_id,
        "service_user_domain_id": who.service_user_domain_id,
        "service_project_id": who.service_project_id,
        "service_project_domain_id": who.service_project_domain_id,
        "service_roles": [*who.service_roles],
        "credentials": environ.get(CREDENTIALS_SENT, ""),
        **({"candidate": environ[CANDIDATE]} if CANDIDATE in environ else {}),
    }


def intent(environ: Environ) -> dict[str, Any]:
    """The same as far as it is known before anything is sent. It never holds a token either."""
    known = record(environ, "", 0, 0.0)
    return {name: known[name] for name in known if name not in OF_ANSWERS} | {"event": INTENT_EVENT}


def mark(event: str, **more: Any) -> dict[str, Any]:
    """A word of the log about itself, such as where it begins."""
    return {"version": VERSION, "event": event, "time": now(), **more}


def now() -> str:
    """ISO 8601, UTC, milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def _asked(request: Request) -> dict[str, str]:
    return {
        "operation": request.operation.rule,
        "method": request.method,
        "path": request.path,
        "microversion": request.microversion,
    }


def _not_understood(environ: Environ, tokens: list[str]) -> dict[str, str]:
    """As it came."""
    return {
        "operation": "",
        "method": _hidden(str(environ.get("REQUEST_METHOD", "")), tokens)[:_LONGEST_PATH],
        "path": _hidden(str(environ.get("PATH_INFO", "")), tokens)[:_LONGEST_PATH],
        "microversion": "",
    }


def _tokens(environ: Environ) -> list[str]:
    """Those that came along. Somebody may have put one elsewhere, too: into the path, say."""
    came = (str(environ.get(name, "")).strip(" =") for name in _TOKEN_HEADERS)
    return [token for token in came if len(token) >= _SHORTEST_SECRET]


def _hidden(text: str, tokens: list[str]) -> str:
    for token in tokens:
        text = text.replace(token, "(a token)")
    return text
