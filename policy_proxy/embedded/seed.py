"""Projects, users, roles and the catalogue in the embedded Keystone: what is missing is added.

Keystone's API is described at https://docs.openstack.org/api-ref/identity/v3/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import ClientException

from policy_proxy.embedded.clouds import session
from policy_proxy.embedded.users import ADMIN, ALL, PROJECTS, REGION, User
from policy_proxy.errors import ConfigurationError

DOMAIN = "default"
SERVICES = ({"name": "keystone", "type": "identity"}, {"name": "placement", "type": "placement"})
INTERFACES = ("public", "internal", "admin")


def seed(keystone_url: str, proxy_url: str, passwords: Mapping[str, str]) -> None:
    """Bring projects, users, roles, role assignments and endpoints to what `users` says.

    In the catalogue, `placement` is the proxy.

    :raises ConfigurationError: if Keystone refuses.
    """
    api = Adapter(
        session(keystone_url, ADMIN, passwords[ADMIN.name]), endpoint_override=keystone_url
    )
    try:
        _seed(api, keystone_url, proxy_url, passwords)
    except ClientException as error:
        sentence = f"Keystone refused what a start sets up ({error}): remove the state directory"
        raise ConfigurationError([sentence]) from None


def _seed(api: Any, keystone_url: str, proxy_url: str, passwords: Mapping[str, str]) -> None:
    projects = _ensure(api, "projects", [{"name": n, "domain_id": DOMAIN} for n in PROJECTS])
    users = _ensure(
        api,
        "users",
        [{"name": u.name, "domain_id": DOMAIN, "password": passwords[u.name]} for u in ALL],
    )
    roles = _ensure(api, "roles", [{"name": u.role} for u in ALL if u.role])
    for user in ALL:
        if user.role:
            api.put(f"{_scope(user, projects)}/users/{users[user.name]}/roles/{roles[user.role]}")
    services = _ensure(api, "services", SERVICES)
    _point(api, services["keystone"], keystone_url)
    _point(api, services["placement"], proxy_url)


def _scope(user: User, projects: Mapping[str, str]) -> str:
    return "/system" if user.system else f"/projects/{projects[user.project]}"


def _ensure(api: Any, collection: str, wanted: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Add what is not there by name; the id of all that is there, by name."""
    kind = collection.removesuffix("s")
    ids = {item["name"]: item["id"] for item in api.get(f"/{collection}").json()[collection]}
    for item in wanted:
        if item["name"] not in ids:
            made = api.post(f"/{collection}", json={kind: item}).json()[kind]
            ids[item["name"]] = made["id"]
    return ids


def _point(api: Any, service: str, url: str) -> None:
    """Make all the service's endpoints lead to `url`."""
    answer = api.get("/endpoints", params={"service_id": service}).json()
    there = {endpoint["interface"]: endpoint for endpoint in answer["endpoints"]}
    for interface in INTERFACES:
        wanted = {"interface": interface, "url": url, "region_id": REGION, "service_id": service}
        if interface not in there:
            api.post("/endpoints", json={"endpoint": wanted})
        elif there[interface]["url"] != url:
            api.patch(f"/endpoints/{there[interface]['id']}", json={"endpoint": wanted})
