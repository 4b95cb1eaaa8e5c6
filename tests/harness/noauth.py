"""What a request says of its caller in the headers of Placement's `noauth2`, and back again.

See `placement.auth.NoAuthMiddleware`: the token is `user[:project]`, and the user `admin` has the
role of that name unless roles are given.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.keystone import Grant

HEADERS = ("x-auth-token", "x-roles", "x-project-id", "openstack-system-scope")


def taken_from(headers: Mapping[str, str]) -> tuple[Grant | None, dict[str, str]]:
    """The grant, if there is a token, and the headers that have nothing to do with it."""
    others = {name.lower(): value for name, value in headers.items()}
    token, roles, project, system = (others.pop(name, "") for name in HEADERS)
    if not token:
        return None, others
    user, _, owner = token.partition(":")
    roles = roles or ("admin" if user == "admin" else "")
    grant = Grant(
        user=user,
        roles=tuple(filter(None, roles.split(","))),
        project="" if system else project or owner or user,
        system=bool(system),
    )
    return grant, others


def environ(grant: Grant) -> dict[str, str]:
    """The same grant as headers in a WSGI environ."""
    scope = {"OPENSTACK_SYSTEM_SCOPE": "all"} if grant.system else {"X_PROJECT_ID": grant.project}
    said = {"X_AUTH_TOKEN": grant.user, "X_ROLES": ",".join(grant.roles), **scope}
    return {f"HTTP_{name}": value for name, value in said.items()}
