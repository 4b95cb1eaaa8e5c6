"""A real Keystone, and as many distinct fernet tokens of one of its users as a run needs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from policy_proxy.embedded import clouds, keystone, ports, state, users
from policy_proxy.embedded.processes import Children
from policy_proxy.embedded.seed import seed

CALLER = next(user for user in users.CLOUDS if user.name == "nova")
"""Its role, service, may do all that the benchmark asks."""
REFUSED = next(user for user in users.CLOUDS if user.name == "alice-reader")


@dataclass(frozen=True, slots=True)
class Identities:
    """The Keystone and its users. `tokens` holds one of `CALLER` a line, all different."""

    url: str
    passwords: dict[str, str]
    tokens: Path

    def token(self, user: users.User) -> str:
        return str(clouds.session(self.url, user, self.passwords[user.name]).get_token())

    def session(self, user: users.User) -> object:
        return clouds.session(self.url, user, self.passwords[user.name])


def start(children: Children, root: Path) -> Identities:
    """Start the embedded Keystone in the state directory `root`, with its users."""
    passwords = state.passwords(root, (user.name for user in users.ALL))
    port = state.loopback_ports(root, ("keystone",))["keystone"]
    child = keystone.start(children, root, port=port, password=passwords[users.ADMIN.name])
    url = keystone.url(port)
    child.wait_for(url)
    nowhere = f"http://{ports.LOOPBACK}:1"  # nobody asks the catalogue where Placement is
    seed(url, nowhere, passwords)
    return Identities(url, passwords, root / "tokens")


def issue(identities: Identities, count: int) -> None:
    """Write `count` new tokens to the file, in a process that has Keystone's own code and keys."""
    directory = identities.tokens.parent / "keystone"
    command = [sys.executable, __file__, str(directory), CALLER.name, CALLER.project, str(count)]
    issued = subprocess.run(command, capture_output=True, text=True, check=False)
    if issued.returncode:
        raise RuntimeError(f"Keystone issued no tokens: {issued.stderr[-2000:]}")
    tokens = issued.stdout.split()
    if len(set(tokens)) != count:
        raise RuntimeError(f"{count} different tokens were wanted, {len(set(tokens))} came")
    identities.tokens.touch(mode=0o600)
    identities.tokens.write_text("\n".join(tokens) + "\n", encoding="ascii")


def _issue(directory: str, user: str, project: str, count: int) -> None:
    """Keystone's token provider, as a login calls it, without the HTTP and the password's hash."""
    os.environ["OS_KEYSTONE_CONFIG_DIR"] = directory
    from keystone.common.provider_api import ProviderAPIs as Api  # noqa: PLC0415  it looks there
    from keystone.server.flask import core  # noqa: PLC0415  it looks there

    core.initialize_application(name="public", config_files=[f"{directory}/keystone.conf"])
    user_id = Api.identity_api.get_user_by_name(user, "default")["id"]
    project_id = Api.resource_api.get_project_by_name(project, "default")["id"]
    for _ in range(count):
        issued = Api.token_provider_api.issue_token(user_id, ["password"], project_id=project_id)
        print(issued.id)


if __name__ == "__main__":
    _directory, _user, _project, _count = sys.argv[1:]
    sys.argv = sys.argv[:1]  # Keystone takes the words of a command line for its own
    _issue(_directory, _user, _project, int(_count))
