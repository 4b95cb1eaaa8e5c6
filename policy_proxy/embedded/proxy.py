"""The proxy in front of the embedded Placement: its configuration and how it is started."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from policy_proxy.embedded import placement, ports, state, users
from policy_proxy.embedded.processes import Child, Children

POLICY = """\
# Policy of the proxy; a change is in force within two seconds of saving it. A rule that is not here
# has its default, which is Placement's own. Placement applies its own policy as well, so a rule can
# only narrow what that allows.
#
# This one says the same as its default, so that there is one to change. Others can be added below.
"placement:traits:list": "role:admin or role:service"
"""


def url(host: str, port: int) -> str:
    """The proxy's URL for clients on this machine, when it listens on `host`."""
    address = ports.for_clients(host)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


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
    policy, config = root / "policy.yaml", root / "policy-proxy.conf"
    if not policy.exists():
        state.write(policy, POLICY)
    sections = {
        "backend": {"url": placement_url},
        "server": {"public_url": url(host, port)},
        "audit": {"file": str(root / "audit.jsonl")},
        "oslo_policy": {"policy_file": str(policy)},
        "keystone_authtoken": placement.authtoken(keystone_url, users.PROXY, password),
    }
    state.write_ini(config, f"{state.WRITTEN} policy.yaml beside it is yours to change.", sections)
    command = str(Path(sysconfig.get_path("scripts"), "policy-proxy"))
    where = ["--config-file", str(config), "--host", host, "--port", str(port)]
    return children.start("The proxy", [command, "serve", *where], root / "policy-proxy.log", {})
