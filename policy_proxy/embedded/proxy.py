"""The proxy in front of the embedded Placement: its configuration and how it is started."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policy_proxy.embedded import placement, ports, state, users
from policy_proxy.embedded.processes import Child, Children

POLICY = """\
# Policy of the proxy; a change is in force within two seconds of saving it. A rule that is not here
# has its default, which is Placement's own. Placement applies its own policy as well, so a rule can
# only narrow what that allows, unless the proxy asks with credentials of its own.
#
# This one says the same as its default, so that there is one to change. Others can be added below.
"placement:traits:list": "role:admin or role:service"
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the proxy.

    :param host: address on which it listens, with `port`.
    :param settings: by section and name, options of its configuration over those written here.
    """

    host: str
    port: int
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def url(host: str, port: int) -> str:
    """The proxy's URL for clients on this machine, when it listens on `host`."""
    address = ports.for_clients(host)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def start(
    children: Children,
    root: Path,
    *,
    wanted: Wanted,
    keystone_url: str,
    placement_url: str,
    password: str,
) -> Child:
    """Start the proxy; its files, but for an existing policy, are written anew.

    :param password: of the proxy's service user.
    """
    policy, config = root / "policy.yaml", root / "policy-proxy.conf"
    if not policy.exists():
        state.write(policy, POLICY)
    sections = {
        "backend": {"url": placement_url},
        "server": {
            "host": wanted.host,
            "port": str(wanted.port),
            "public_url": url(wanted.host, wanted.port),
        },
        "audit": {"file": str(root / "audit.jsonl")},
        "oslo_policy": {"policy_file": str(policy)},
        "keystone_authtoken": placement.authtoken(keystone_url, users.PROXY, password),
    }
    for section, options in wanted.settings.items():
        sections[section] = {**sections.get(section, {}), **options}
    state.write_ini(config, f"{state.WRITTEN} policy.yaml beside it is yours to change.", sections)
    command = str(Path(sysconfig.get_path("scripts"), "policy-proxy"))
    arguments = ["serve", "--config-file", str(config)]
    return children.start("The proxy", [command, *arguments], root / "policy-proxy.log", {})
