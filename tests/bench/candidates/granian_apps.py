"""The applications of bench.apps as child processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.world import World
from policy_proxy.embedded import ports
from policy_proxy.embedded.processes import Child

TESTS = Path(__file__).parents[2]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Where a child finds bench.apps, with no web proxy in the way to loopback."""
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "no_proxy": "*", **more}


def start(
    world: World, app: str, threads: int, more: Mapping[str, str], *, name: str = ""
) -> tuple[str, Child]:
    """Start `app`; its base URL and its process."""
    port = ports.free()
    name = name or app
    command = [sys.executable, "-m", "bench.apps", app, str(port), str(threads)]
    child = world.children.start(name, command, world.folder / f"{name}.log", environment(more))
    return f"http://{ports.LOOPBACK}:{port}", child
