"""Audit records, as the service would write them."""

from __future__ import annotations

import json

from policy_proxy.audit.line import as_line
from policy_proxy.audit.record import record
from policy_proxy.model import (
    DECISION,
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    Decision,
    Effect,
    Identity,
    Operation,
    Request,
)

NOBODY = Identity()


def recorded(rule, identity=NOBODY, target=None, *, allowed=True, outcome=None, **changes):
    """One that was read again from its line; `changes` are laid over it.

    An empty rule is that of a request of which policy was not asked.
    """
    effect = Effect.ALLOW if allowed else Effect.DENY
    environ = {
        REQUEST_ID: "req-1",
        REQUEST: Request(Operation(rule, "GET", "/x"), "GET", "/x", {}, (), "1.39"),
        IDENTITY: identity,
    }
    if rule:
        environ[DECISION] = Decision(rule, effect, "because", "then", target or {})
    entry = record(environ, outcome or ("allowed" if allowed else "denied"), 200, 1.0)
    return json.loads(as_line(entry)) | changes
