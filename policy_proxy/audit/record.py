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
    return {
        "version": VERSION,
        "event": REQUEST_EVENT,
        "time": now(),
        "request_id": environ[REQUEST_ID],
        "outcome": outcome,
        "status": status,
        "duration_ms": round(duration_ms, 3),
        **(_not_understood(environ) if request is None else _asked(request)),
        "client": str(environ.get(CLIENT, environ.get("REMOTE_ADDR", ""))),
        "revision": decision.revision,
        "reason": decision.reason,
        "target": decision.target,
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


def _not_understood(environ: Environ) -> dict[str, str]:
    """As it came."""
    return {
        "operation": "",
        "method": str(environ.get("REQUEST_METHOD", ""))[:_LONGEST_PATH],
        "path": _without_tokens(environ)[:_LONGEST_PATH],
        "microversion": "",
    }


def _without_tokens(environ: Environ) -> str:
    """The path as it came, which somebody may have put their token into."""
    path = str(environ.get("PATH_INFO", ""))
    for header in ("HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"):
        token = str(environ.get(header, "")).strip()
        if len(token) >= _SHORTEST_SECRET:
            path = path.replace(token, "(a token)")
    return path
