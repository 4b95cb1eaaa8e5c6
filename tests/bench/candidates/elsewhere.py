"""Ours in other WSGI servers, from the files in etc/, with as many threads as under `serve`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.candidates import granian_apps, ours
from bench.processes import Running
from bench.world import World
from policy_proxy import config
from policy_proxy.embedded import ports

ETC = Path(__file__).parents[3] / "etc"
Command = Callable[[int, int], Sequence[str | Path]]
"""Port and threads -> what starts the server with one process."""


def gunicorn(port: int, threads: int) -> Sequence[str | Path]:
    return (
        *(sys.executable, "-m", "gunicorn", "--config", ETC / "gunicorn.conf.py"),
        *("--bind", f"{ports.LOOPBACK}:{port}", "--workers", "1", "--threads", str(threads)),
        *("--graceful-timeout", "1", "policy_proxy.wsgi:application"),
    )


def waitress(port: int, threads: int) -> Sequence[str | Path]:
    where = ("--listen", f"{ports.LOOPBACK}:{port}", "--threads", str(threads))
    return (sys.executable, ETC / "waitress_server.py", *where)


def start(world: World, *, name: str, command: Command) -> Running:
    """Start it in front of the canned backend, with everything on."""
    folder = world.folder / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    path = ours.configuration(world, folder, world.backend, ours.DEFAULTS)
    port = ports.free()
    parts = [str(part) for part in command(port, ours.threads(world))]
    variables = granian_apps.environment({config.ENVIRONMENT_VARIABLE: str(path)})
    child = world.children.start(name, parts, folder / "server.log", variables)
    return Running(f"http://{ports.LOOPBACK}:{port}", (child,))
