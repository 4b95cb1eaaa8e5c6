"""A WSGI application on granian that only forwards with pycurl: the floor of this architecture."""

from __future__ import annotations

from bench.candidates import granian_apps, ours
from bench.processes import Running
from bench.world import World


def start(world: World, *, threads: int = 0, one_core: bool = False) -> Running:
    """Start it, with as many threads as ours has unless told otherwise.

    :param one_core: whether its threads keep to one core, as those of ours do.
    """
    threads = threads or ours.threads(world)
    more = {"BENCH_BACKEND": world.backend, "BENCH_ONE_CORE": "yes" if one_core else ""}
    name = f"bare-{threads}{'-one-core' if one_core else ''}"
    url, child = granian_apps.start(world, "bare", threads, more, name=name)
    return Running(url, (child,), ready="/")
