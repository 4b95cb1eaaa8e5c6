"""What each saving brings: ours without it. What a candidate on trial costs. And what a core of
its own would do for bare.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = (
    "ours",
    "ours, all cores",
    "ours, no identity memory",
    "ours, no request memory",
    "ours, a candidate on trial",
    "bare",
    "bare, one core",
)


def scenes(setting: Setting) -> Iterator[Scene]:
    """A backend that answers at once, and one that takes 10 ms."""
    with loaded.started(setting.world, NAMES) as running:
        for delay, connections in ((0, load.CONNECTIONS), (10, load.MANY)):
            shape = Shape(work.get(delay), connections, load.TOKENS, setting.seconds)
            runs = (loaded.run(setting.world, one, running[one], shape) for one in NAMES)
            yield Scene(
                f"savings/{delay}", f"savings: {load.words(shape)}", tuple(runs), load.facts(shape)
            )
