"""Placement itself, with its own keystone middleware and policy: direct, through ours, and with
ours around it in its own process.

As a deployment has it, its middleware remembers tokens in memcached.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench import backend, tokens, work
from bench.candidates import granian_apps, ours
from bench.processes import Running
from bench.world import World
from policy_proxy.embedded import ports, state, users
from policy_proxy.embedded.processes import Child


def direct(world: World) -> Running:
    """Placement on SQLite, with a provider that has the inventories of the canned answer."""
    return _start(world, "placement")


def through_ours(world: World) -> Running:
    """Another one like it, behind ours."""
    behind = _start(world, "placement-behind")
    front = ours.start(world, name="ours before Placement", backend=behind.url)
    return Running(front.url, (*behind.children, *front.children), behind=(behind.url,))


def in_process(world: World) -> Running:
    """Another one like it, with the chain around it in its own process, on one thread as well."""
    name = "placement-guarded"
    folder = ours.folder_of(world, name)
    path = ours.configuration(world, folder, world.backend, ours.DEFAULTS)
    more = {
        "OS_PLACEMENT_CONFIG_DIR": str(_configured(world, name)),
        "POLICY_PROXY_CONFIG_FILE": str(path),
    }
    url, child = granian_apps.start(world, "guarded_placement", 1, more, name=name)
    child.wait_for(f"{url}/healthcheck")
    _fill(world, url)
    return Running(url, (child,))


def _start(world: World, name: str) -> Running:
    port = ports.free()
    child = _process(world, name, port)
    url = f"http://{ports.LOOPBACK}:{port}"
    child.wait_for(url)
    _fill(world, url)
    return Running(url, (child,), ready="")


def _process(world: World, name: str, port: int) -> Child:
    directory = _configured(world, name)
    command = [sys.executable, "-m", "policy_proxy.embedded.launcher", "placement", str(port)]
    log = world.folder / f"{name}.log"
    return world.children.start(name, command, log, {"OS_PLACEMENT_CONFIG_DIR": str(directory)})


def _configured(world: World, name: str) -> Path:
    """The folder with its configuration; its database begins anew."""
    directory = world.folder / name
    directory.mkdir(exist_ok=True)
    database = directory / "placement.sqlite"
    database.unlink(missing_ok=True)
    state.write_ini(
        directory / "placement.conf",
        "Written by `make bench`.",
        {
            "api": {"auth_strategy": "keystone"},
            "placement_database": {
                "connection": f"sqlite:///{database}",
                "sync_on_startup": "true",
            },
            "keystone_authtoken": world.authtoken(
                users.PLACEMENT, memcached_servers=world.memcached
            ),
        },
    )
    return directory


def _fill(world: World, url: str) -> None:
    """The provider that `work.get()` asks of."""
    session = world.identities.session(tokens.CALLER)
    headers = {"OpenStack-API-Version": work.MICROVERSION}
    uuid = work.provider(0)
    provider = f"{url}/resource_providers/{uuid}"
    session.post(f"{url}/resource_providers", json={"name": "bench", "uuid": uuid}, headers=headers)
    for number in range(backend.CLASSES):
        session.put(f"{url}/resource_classes/CUSTOM_BENCH_{number:02d}", headers=headers)
    inventories = work.inventories(backend.CLASSES).replace(b'generation":7', b'generation":0')
    kind = {"Content-Type": "application/json"}
    session.put(f"{provider}/inventories", data=inventories, headers=headers | kind)
