"""The record of one request: what was asked, by whom, what was decided, and how it ended."""

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

VERSION = 2
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
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
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
