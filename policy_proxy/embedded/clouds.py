"""How the seeded users log in: clouds.yaml, openrc, and sessions for our own requests."""

from __future__ import annotations

import shlex
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from policy_proxy.embedded import state
from policy_proxy.embedded.users import ADMIN, CLOUDS, REGION, User


def session(keystone_url: str, user: User, password: str) -> Any:
    """A keystoneauth session of the user, with the scope in which the user has a role."""
    return Session(auth=v3.Password(**login(keystone_url, user, password)), timeout=60)


def login(keystone_url: str, user: User, password: str) -> dict[str, str]:
    """The user's login, as keystoneauth and clouds.yaml name its parts."""
    auth = {
        "auth_url": keystone_url,
        "username": user.name,
        "password": password,
        "user_domain_name": "Default",
    }
    if user.system:
        auth["system_scope"] = "all"
    if user.project:
        auth |= {"project_name": user.project, "project_domain_name": "Default"}
    return auth


def write(root: Path, keystone_url: str, passwords: Mapping[str, str]) -> None:
    """Write clouds.yaml and openrc for the `openstack` command.

    https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
    """
    clouds = {
        user.name: {
            "auth": login(keystone_url, user, passwords[user.name]),
            "region_name": REGION,
            "identity_api_version": "3",
            "interface": "public",
        }
        for user in CLOUDS
    }
    state.write(root / "clouds.yaml", yaml.safe_dump({"clouds": clouds}, sort_keys=False))
    scripts = shlex.quote(sysconfig.get_path("scripts"))
    openrc = (
        "# Source this, then call `openstack --os-cloud NAME`; clouds.yaml has the names.\n"
        f"export OS_CLIENT_CONFIG_FILE={shlex.quote(str(root / 'clouds.yaml'))}\n"
        f"export OS_CLOUD={ADMIN.name}\n"
        f'export PATH={scripts}:"$PATH"\n'
    )
    state.write(root / "openrc", openrc)
