"""Descriptions in words: each says all of its atoms, and can be read without them."""

from __future__ import annotations

import pytest

from policy_proxy.policy.compiled import text
from policy_proxy.policy.diff.atoms import (
    Attribute,
    Constant,
    Credential,
    Fails,
    Filled,
    InAdminProject,
    Misses,
    Opaque,
    Scoped,
    edge,
    member,
)
from policy_proxy.policy.diff.words import described

PROJECT = Credential("project_id")
ADMIN = member("role", Constant("Admin"))

CASES = [
    ({}, "anyone"),
    ({ADMIN: True}, "role admin"),
    ({ADMIN: False}, "anyone without role admin"),
    (
        {ADMIN: True, member("role", Constant("a")): True, member("role", Constant("b")): False},
        "role admin and role a without role b",
    ),
    (
        {ADMIN: False, member("roles", Constant("Admin")): False},
        "anyone without role admin or role spelled Admin",
    ),
    ({member("service_roles", Constant("nova")): True}, "service role nova"),
    ({member("role", Attribute("trait")): True}, "a role like the target's trait"),
    ({Scoped("project"): True}, "anyone with a project-scoped token"),
    ({Scoped("system"): False}, "anyone with a project-scoped or domain-scoped or unscoped token"),
    (
        {Scoped("project"): False, Scoped("domain"): False, Scoped("system"): False},
        "anyone with an unscoped token",
    ),
    ({edge(PROJECT, Constant("ops")): True}, "anyone whose project_id is ops"),
    (
        {edge(PROJECT, Attribute("project_id")): False},
        "anyone whose project_id is not the target's",
    ),
    ({edge(PROJECT, Attribute("owner")): True}, "anyone whose project_id is the target's owner"),
    (
        {edge(PROJECT, Credential("user_id")): True},
        "anyone whose project_id is the caller's user_id",
    ),
    ({edge(PROJECT, PROJECT): True}, "anyone who has a project_id"),
    ({edge(PROJECT, PROJECT): False}, "anyone who has no project_id"),
    (
        {edge(PROJECT, Filled(text("cell-%(name)s"))): True},
        "anyone whose project_id is the target's 'cell-%(name)s'",
    ),
    ({edge(Attribute("name"), Constant("x")): False}, "anyone where the target's name is not x"),
    (
        {edge(Attribute("name"), Attribute("trait")): True},
        "anyone where the target's name is the target's trait",
    ),
    ({InAdminProject(): True}, "anyone whose is_admin_project is True"),
    ({InAdminProject(): False}, "anyone whose is_admin_project is False"),
    (
        {Opaque("ext:a"): True, Opaque("ext:b"): False},
        "anyone to whom ext:a says yes, to whom ext:b does not say yes",
    ),
    ({Fails("ext:a"): True}, "anyone for whom ext:a fails"),
    ({Misses("ext:a"): True}, "anyone of whom ext:a misses something"),
    ({Misses("ext:a"): False}, "anyone of whom ext:a misses nothing"),
    ({Fails("ext:a"): False}, "anyone for whom ext:a does not fail"),
    (
        {Scoped("project"): True, ADMIN: False, edge(PROJECT, Constant("ops")): False},
        "anyone with a project-scoped token, whose project_id is not ops, without role admin",
    ),
    ({member("role", Constant("\x1b[2J")): True}, "role '\\x1b[2j'"),
]


@pytest.mark.parametrize(("cube", "words"), CASES, ids=[words for _, words in CASES])
def test_a_description(cube, words):
    assert described(cube) == words
