"""Who is in the embedded Keystone, and what Placement's default policy lets each of them do."""

from __future__ import annotations

from dataclasses import dataclass

REGION = "RegionOne"
PROJECTS = ("service", "alpha", "beta", "monitoring")


@dataclass(frozen=True, slots=True)
class User:
    """A user with one role on one project, on the system, or with none at all.

    `may` says in words what the default policy allows, for people.
    """

    name: str
    role: str = ""
    project: str = ""
    system: bool = False
    may: str = ""


_ALL_BUT_RESHAPE = "everything but reshape"
_NOTHING = "nothing"

ADMIN = User("admin", "admin", "admin", may=_ALL_BUT_RESHAPE)
CLOUDS = (
    ADMIN,
    User("nova", "service", "service", may="everything"),
    User("alice", "member", "alpha", may="read the usages of alpha"),
    User("alice-admin", "admin", "alpha", may=_ALL_BUT_RESHAPE),
    User("alice-reader", "reader", "alpha", may="read the usages of alpha"),
    User("bob", "member", "beta", may="read the usages of beta"),
    User("bob-reader", "reader", "beta", may="read the usages of beta"),
    User("collector", "monitoring", "monitoring", may=f"{_NOTHING}: no rule names the role"),
    User("norole", may=_NOTHING),
    User("sysadmin", "admin", system=True, may=f"{_NOTHING}: the rules want a project"),
    User("sysreader", "reader", system=True, may=f"{_NOTHING}: the rules want a project"),
)
"""The users that get an entry in clouds.yaml; each name is that of the cloud, too."""

PLACEMENT = User("placement", "service", "service")
PROXY = User("placement-proxy", "service", "service")
ALL = (*CLOUDS, PLACEMENT, PROXY)
