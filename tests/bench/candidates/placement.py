"""Placement itself, with its own keystone middleware and policy: direct, through ours, in ours.

As a deployment has it, its middleware remembers tokens in memcached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import backend, tokens, work
from bench.candidates import granian_apps, ours
from bench.processes import Running
from bench.world import World
from policy_proxy import config
from policy_proxy.embedded import ports, state, users
from policy_proxy.embedded.processes import Child

ETC = Path(__file__).parents[3] / "etc"
NOTHING: Mapping[str, str] = {}


def direct(world: World) -> Running:
    """Placement on SQLite, with a provider that has the inventories of the canned answer."""
    return _start(world, "placement")


def through_ours(world: World) -> Running:
    """Another one like it, behind ours."""
    behind = _start(world, "placement-behind")
    front = ours.start(world, name="ours before Placement", backend=behind.url)
    return Running(front.url, (*behind.children, *front.children), behind=(behind.url,))


def with_ours_around(world: World) -> Running:
    """Another one, with our chain in its process, from the file in etc/."""
    folder = world.folder / "placement-guarded"
    folder.mkdir(exist_ok=True)
    path = ours.configuration(world, folder, world.backend, ours.DEFAULTS)
    guarded = granian_apps.environment({config.ENVIRONMENT_VARIABLE: str(path)})
    guarded["PYTHONPATH"] += f":{ETC / 'wsgi'}"
    command = (sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log")
    one_thread = ("--blocking-threads", "1", "guarded_placement:application")
    return _start(
        world, folder.name, lambda port: (*command, "--port", str(port), *one_thread), guarded
    )


def _embedded(port: int) -> Sequence[str]:
    return sys.executable, "-m", "policy_proxy.embedded.launcher", "placement", str(port)


def _start(
    world: World,
    name: str,
    command: Callable[[int], Sequence[str]] = _embedded,
    environment: Mapping[str, str] = NOTHING,
) -> Running:
    port = ports.free()
    child = _process(world, name, command(port), environment)
    url = f"http://{ports.LOOPBACK}:{port}"
    child.wait_for(url)
    _fill(world, url)
    return Running(url, (child,), ready="")


def _process(
    world: World, name: str, command: Sequence[str], environment: Mapping[str, str]
) -> Child:
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
    log = world.folder / f"{name}.log"
    variables = {**environment, "OS_PLACEMENT_CONFIG_DIR": str(directory)}
    return world.children.start(name, command, log, variables)


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
