"""What Keystone needs before its first start: keys, a database, an administrator.

These are the four keystone-manage commands of
https://docs.openstack.org/keystone/latest/install/keystone-install-ubuntu.html. Each runs in a
fork of this process, since importing Keystone takes longer than all of them together.
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
from pathlib import Path

from keystone.cmd import cli

from policy_proxy.embedded.users import REGION


def run(directory: Path) -> None:
    """Prepare the Keystone whose keystone.conf lies in `directory`, unless that was done before.

    The administrator's password is taken from OS_BOOTSTRAP_PASSWORD.

    :raises SystemExit: if a command fails; it has said why.
    """
    version = importlib.metadata.version("keystone")
    done = directory / "set-up-for-version"
    if done.exists() and done.read_text(encoding="utf-8") == version:
        return
    # These two want to know whose the keys shall be if root runs them.
    root = os.geteuid() == 0
    owner = ["--keystone-user", "root", "--keystone-group", str(os.getegid())] if root else []
    _manage(directory, "fernet_setup", *owner)
    _manage(directory, "credential_setup", *owner)
    _manage(directory, "db_sync")
    _manage(directory, "bootstrap", "--bootstrap-region-id", REGION)
    done.write_text(version, encoding="utf-8")


def _manage(directory: Path, *command: str) -> None:
    argv = ["keystone-manage", "--config-file", str(directory / "keystone.conf"), *command]
    process = multiprocessing.get_context("fork").Process(target=cli.main, args=(argv,))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"keystone-manage {command[0]} ended with exit code {process.exitcode}")
