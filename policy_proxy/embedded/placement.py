"""The embedded Placement: its configuration and how it is started."""

from __future__ import annotations

import sys
from pathlib import Path

from policy_proxy.embedded import ports, state, users
from policy_proxy.embedded.processes import Child, Children


def url(port: int) -> str:
    return f"http://{ports.LOOPBACK}:{port}"


def start(children: Children, root: Path, *, port: int, keystone_url: str, password: str) -> Child:
    """Start Placement in the state directory `root`, on its own default policy.

    :param password: of Placement's service user.
    """
    directory = root / "placement"
    directory.mkdir(exist_ok=True)
    state.write_ini(
        directory / "placement.conf",
        state.WRITTEN,
        {
            "api": {"auth_strategy": "keystone"},
            "placement_database": {
                "connection": f"sqlite:///{directory}/placement.sqlite",
                "sync_on_startup": "true",
            },
            "keystone_authtoken": authtoken(keystone_url, users.PLACEMENT, password),
        },
    )
    return children.start(
        "Placement",
        [sys.executable, "-m", "policy_proxy.embedded.launcher", "placement", str(port)],
        root / "placement.log",
        {"OS_PLACEMENT_CONFIG_DIR": str(directory)},
    )


def authtoken(keystone_url: str, user: users.User, password: str) -> dict[str, str]:
    """The options of a `[keystone_authtoken]` that validates tokens as this service user."""
    return {
        "www_authenticate_uri": keystone_url,
        "auth_type": "password",
        "auth_url": keystone_url,
        "username": user.name,
        "password": password,
        "user_domain_name": "Default",
        "project_name": user.project,
        "project_domain_name": "Default",
        "http_connect_timeout": "5",
        "service_type": "placement",
        "service_token_roles_required": "true",
    }
