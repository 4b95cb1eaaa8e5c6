"""Each way of deploying but Placement's own process: the servers, and the front ends that ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench import loaded, work
from bench.candidates import fronts, servers
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene
from harness.servers import SERVERS


def scenes(setting: Setting) -> Iterator[Scene]:
    """The GET of 1 kB from the canned backend."""
    here = [name for server, name in servers.NAMES.items() if not SERVERS[server].missing()]
    asking = list(fronts.NAMES.values())
    yield from _scene(setting, "servers", ("ours", *here))
    yield from _scene(setting, "front ends", ("ours", *asking))


def _scene(setting: Setting, name: str, names: Sequence[str]) -> Iterator[Scene]:
    shape = Shape(work.get(), load.CONNECTIONS, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, names) as running:
        runs = (loaded.run(setting.world, one, running[one], shape) for one in names)
        yield Scene(name, load.words(shape), tuple(runs), load.facts(shape))
