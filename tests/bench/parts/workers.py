"""One worker and two. The load generator and the backend take their share of the same CPUs."""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("ours", "ours, 2 workers")


def scenes(setting: Setting) -> Iterator[Scene]:
    """The GET of 1 kB, over enough connections for both workers to have some."""
    shape = Shape(work.get(), load.MANY, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, NAMES) as running:
        yield Scene(
            "workers",
            load.words(shape),
            tuple(loaded.run(setting.world, one, running[one], shape) for one in NAMES),
            load.facts(shape),
        )
