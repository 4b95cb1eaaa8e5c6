"""The proxy in front of the embedded Placement: its configuration and how it is started."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from policy_proxy.embedded import placement, state, users
from policy_proxy.embedded.processes import Child, Children

POLICY = """\
# Policy of the proxy; a change is in force within two seconds of saving it. No rule is set here, so
# the defaults are in force, which are Placement's own. Placement applies its own policy as well, so
# a rule here can only narrow what that allows. To let only administrators list traits, for example,
# put this in the place of the last line:
#
#   "placement:traits:list": "role:admin"
{}
"""


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def start(
    children: Children,
    root: Path,
    *,
    address: tuple[str, int],
    keystone_url: str,
    placement_url: str,
    password: str,
) -> Child:
    """Start the proxy on `address`; its files, but for an existing policy, are written anew.

    :param password: of the proxy's service user.
    """
    host, port = address
    policy = root / "policy.yaml"
    if not policy.exists():
        state.write(policy, POLICY)
    config = root / "policy-proxy.conf"
    state.write_ini(
        config,
        "Written by `policy-proxy up` at each start. policy.yaml beside it is yours to change.",
        {
            "backend": {"url": placement_url},
            "server": {"public_url": url(host, port)},
            "audit": {"file": str(root / "audit.jsonl")},
            "oslo_policy": {"policy_file": str(policy)},
            "keystone_authtoken": placement.authtoken(keystone_url, users.PROXY, password),
        },
    )
    command = str(Path(sysconfig.get_path("scripts"), "policy-proxy"))
    where = ["--config-file", str(config), "--host", host, "--port", str(port)]
    return children.start("The proxy", [command, "serve", *where], root / "policy-proxy.log", {})
