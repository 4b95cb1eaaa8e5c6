"""Audit records to replay: of a cloud with some users, or each unlike all others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from policy_proxy.audit.line import as_line
from policy_proxy.audit.record import record
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import REQUEST_ID
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.rules import list_rules
from policy_proxy.policy.build import build
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import read

SEED = 1
USERS, PROJECTS = 1_000, 500
ROLES = (["service"], ["member", "reader"], ["admin", "member", "reader"])
RULES = tuple(dict.fromkeys(one.rule for one in OPERATIONS if one.rule))
BODIES = dict.fromkeys(RULES, frozenset[str]())
"""No rule here looks at what a body says."""
UNLIKE = "placement:resource_providers:show"
"""The operation of the records that are unlike each other."""
LOOKS_AT_ALL = f'"{UNLIKE}": "role:service or user_id:%(resource_provider.uuid)s"\n'


def some(count: int) -> Iterator[bytes]:
    """Lines: any operation, by one of some users in one of some projects."""
    chance = random.Random(SEED)
    base = record({REQUEST_ID: "req-1"}, "allowed", 200, 1.0)
    for _ in range(count):
        user, project = f"{chance.randrange(USERS):032x}", f"{chance.randrange(PROJECTS):032x}"
        yield _line(
            base,
            operation=chance.choice(RULES),
            user_id=user,
            project_id=project,
            roles=chance.choice(ROLES),
            target={
                "project_id": project,
                "user_id": user,
                "resource_provider.uuid": f"{chance.randrange(1 << 60):032x}",
            },
        )


def unlike(count: int) -> Iterator[bytes]:
    """Lines: each by a user, in a project and of a provider of its own; all newly denied by
    `LOOKS_AT_ALL`.
    """
    base = record({REQUEST_ID: "req-1"}, "allowed", 200, 1.0)
    for number in range(count):
        name = f"{number:032x}"
        yield _line(
            base,
            operation=UNLIKE,
            user_id=name,
            project_id=name,
            roles=["member"],
            target={"resource_provider.uuid": f"{number + 1:032x}"},
        )


def policy(folder: Path, text: str = "{}\n") -> PolicySnapshot:
    file = folder / "replay.yaml"
    file.write_text(text, encoding="utf-8")
    settings = PolicySettings(str(file), (), "default", True, 1.0, True)
    return build(read(settings), settings, list_rules)


def _line(base: dict[str, object], **changes: object) -> bytes:
    return as_line(base | {"revision": "0" * 16, "path": "/x"} | changes).encode()
