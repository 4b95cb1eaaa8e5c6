"""The proxy on each server that it is at home in, started from the files in etc/.

With one process, and as many threads as `serve` has: so the server is all that differs.
"""

from __future__ import annotations

from bench.candidates import ours
from bench.processes import Running
from bench.world import World
from harness.servers import SERVERS, Options, launched
from policy_proxy.embedded.processes import Child

NAMES = {name: f"ours on {name}" for name in SERVERS if name != "granian"}
"""What the candidates are called; on granian it is `ours`."""


def start(world: World, server: str) -> Running:
    """
    :raises RuntimeError: if the server is not installed.
    """
    chosen = SERVERS[server]
    if why := chosen.missing():
        raise RuntimeError(why)
    folder = ours.folder_of(world, NAMES[server])
    path = ours.configuration(world, folder, world.backend, ours.DEFAULTS)
    options = Options(path, folder, threads=ours.threads(world))
    running = world.stack.enter_context(launched(chosen, options))
    behind = getattr(running, "behind", None)
    processes = [running.process, *([behind] if behind else [])]
    # all of them are ready once the one in front is
    ready = f"{running.url}/healthcheck"
    children = tuple(Child(server, running.log, process) for process in processes)
    return Running(running.url, children, behind=(ready,) * (len(children) - 1))
