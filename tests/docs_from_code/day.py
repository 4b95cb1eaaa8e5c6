"""A small cloud's requests of some days, as the audit file of the examples in the guides.

They are decided by the default policy, and recorded as the service records them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from policy_proxy.admission import path as paths
from policy_proxy.audit.line import as_line
from policy_proxy.audit.record import record
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import (
    CANDIDATE,
    CREDENTIALS_SENT,
    DECISION,
    IDENTITY,
    REQUEST,
    REQUEST_ID,
    Effect,
    Identity,
    Request,
)
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.decide import decide
from policy_proxy.policy.shadow import difference
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources

NAME = "examples/audit.jsonl"
TRIED_NAME = "examples/tried.jsonl"
CANDIDATE_REVISION = "5947fed1a31f3435"
"""Of the file candidate.yaml that docs/shadow.md shows."""
CANDIDATE_POLICY = b"""\
# candidate.yaml
"placement:traits:list": "role:admin or role:service or role:reader"
"placement:resource_providers:inventories:update": "role:service and user_id:nova"
"""
NODE = "6c1b8ea4-3d41-4a8f-9b6e-0e7d5e6a1b2c"
CONSUMER = "0e7d5e6a-9b6e-4a8f-8d41-6c1b8ea43d41"
_BEGIN = dt.datetime(2026, 11, 16, 8, tzinfo=dt.UTC)
_STEP = dt.timedelta(hours=7, minutes=11, seconds=13, milliseconds=7)


def _user(name: str, project: str, *roles: str) -> Identity:
    domain = "default"
    return Identity(
        user_id=name,
        user_domain_id=domain,
        project_id=project,
        project_domain_id=domain,
        roles=roles,
        is_admin_project=True,
    )


NOVA = _user("nova", "service", "service")
NEUTRON = _user("neutron", "service", "service")
ADA = _user("ada", "admin", "admin", "member", "reader")
RITA = _user("rita", "alpha", "reader")
BOB = _user("bob", "beta", "member", "reader")


class Asked(NamedTuple):
    """A request: a document stands for what policy reads of the body."""

    who: Identity
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    document: dict[str, str] | None = None


ASKED = (
    Asked(NOVA, "GET", f"/resource_providers/{NODE}/inventories"),
    Asked(NOVA, "PUT", f"/resource_providers/{NODE}/inventories"),
    Asked(NOVA, "GET", "/allocation_candidates"),
    Asked(NOVA, "PUT", f"/allocations/{CONSUMER}", (), {"project_id": "alpha", "user_id": "rita"}),
    Asked(NOVA, "GET", "/usages", (("project_id", "alpha"),)),
    Asked(RITA, "GET", "/usages", (("project_id", "alpha"),)),
    Asked(BOB, "GET", "/usages", (("project_id", "alpha"),)),
    Asked(NEUTRON, "GET", "/resource_providers"),
    Asked(NEUTRON, "PUT", f"/resource_providers/{NODE}/inventories"),
    Asked(ADA, "GET", "/resource_providers"),
    Asked(ADA, "GET", "/traits"),
    Asked(RITA, "GET", "/traits"),
    Asked(NOVA, "GET", "/traits"),
    Asked(RITA, "GET", "/traits"),
    Asked(BOB, "GET", "/traits"),
    Asked(NOVA, "DELETE", f"/allocations/{CONSUMER}"),
    Asked(ADA, "DELETE", f"/resource_providers/{NODE}"),
)


def log() -> str:
    """docs/examples/audit.jsonl."""
    return "".join(f"{line}\n" for line in _lines(None))


def tried() -> str:
    """docs/examples/tried.jsonl: the same days, with a candidate on trial."""
    candidate = _policy(CANDIDATE_REVISION, CANDIDATE_POLICY)
    return "".join(f"{line}\n" for line in _lines(candidate))


def _policy(revision: str, text: bytes) -> PolicySnapshot:
    settings = PolicySettings("policy.yaml", (), "default", True, 1.0, False)
    sources = Sources((("policy.yaml", text),), (), revision, ())
    return build(sources, settings, SERVICE.defaults, SERVICE.attributes)


def _lines(candidate: PolicySnapshot | None) -> Iterator[str]:
    snapshot = _policy("6d1cf0a7b1f9e3c2", b"{}\n")
    router = paths.Router(SERVICE.operations)
    for number, asked in enumerate(ASKED):
        operation, params = router.match(asked.method, asked.path)
        request = Request(
            operation,
            asked.method,
            asked.path,
            params,
            asked.query,
            "1.39",
            document=asked.document,
        )
        target = SERVICE.target(request, asked.who)
        decision = decide(request, asked.who, snapshot, target)
        allowed = decision.effect is Effect.ALLOW
        environ = {
            "REMOTE_ADDR": "192.0.2.7",
            REQUEST_ID: f"req-{number:08d}-0000-4000-8000-000000000000",
            REQUEST: request,
            IDENTITY: asked.who,
            DECISION: decision,
            CREDENTIALS_SENT: "caller" if allowed else "",
        }
        if candidate is not None:
            said = difference(decision, decide(request, asked.who, candidate, target))
            environ |= {CANDIDATE: said} if said else {}
        outcome, status = ("allowed", 200) if allowed else ("denied", 403)
        time = (_BEGIN + number * _STEP).isoformat(timespec="milliseconds")
        yield as_line(record(environ, outcome, status, 2.5) | {"time": time})
