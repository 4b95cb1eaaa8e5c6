"""A WSGI application on granian that only forwards with pycurl: the floor of this architecture."""

from __future__ import annotations

from bench.candidates import granian_apps, ours
from bench.processes import Running
from bench.world import World


def start(world: World, *, threads: int = 0) -> Running:
    """Start it, with as many threads as ours has unless told otherwise."""
    threads = threads or ours.threads(world)
    more = {"BENCH_BACKEND": world.backend}
    url, child = granian_apps.start(world, "bare", threads, more, name=f"bare-{threads}")
    return Running(url, (child,), ready="/")
