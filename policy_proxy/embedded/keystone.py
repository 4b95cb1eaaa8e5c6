"""The embedded Keystone: its configuration and how it is started."""

from __future__ import annotations

import sys
from pathlib import Path

from policy_proxy.embedded import ports, state
from policy_proxy.embedded.processes import Child, Children


def url(port: int) -> str:
    return f"http://{ports.LOOPBACK}:{port}/v3"


def start(children: Children, root: Path, *, port: int, password: str) -> Child:
    """Start Keystone in the state directory `root`; it is set up if that was not done before.

    :param password: the administrator's, for a first start.
    """
    directory = root / "keystone"
    directory.mkdir(exist_ok=True)
    state.write_ini(directory / "keystone.conf", state.WRITTEN, _sections(directory))
    return children.start(
        "Keystone",
        [sys.executable, "-m", "policy_proxy.embedded.launcher", "keystone", str(port)],
        root / "keystone.log",
        {
            "OS_KEYSTONE_CONFIG_DIR": str(directory),
            "OS_KEYSTONE_CONFIG_FILES": "keystone.conf",
            "OS_BOOTSTRAP_PASSWORD": password,
        },
    )


def _sections(directory: Path) -> dict[str, dict[str, str]]:
    """The configuration of a Keystone that keeps everything in `directory`."""
    return {
        "database": {"connection": f"sqlite:///{directory}/keystone.sqlite"},
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": f"{directory}/fernet-keys"},
        "fernet_receipts": {"key_repository": f"{directory}/fernet-keys"},
        "credential": {"key_repository": f"{directory}/credential-keys"},
        # bcrypt's least: the passwords are long and random, and a start hashes a dozen of them
        "identity": {"password_hash_rounds": "4"},
        # In the memory of its one process; without it, each request takes five times as long.
        "cache": {"enabled": "true", "backend": "oslo_cache.dict"},
    }
