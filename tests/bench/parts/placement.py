"""Placement with its own middleware and policy: direct, through ours, and in ours."""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("Placement", "Placement through ours", "Placement in ours")


def scenes(setting: Setting) -> Iterator[Scene]:
    """The GET of 1 kB, which Placement answers from its database."""
    shape = Shape(work.get(), load.CONNECTIONS, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, NAMES) as running:
        yield Scene(
            "placement",
            load.words(shape),
            tuple(loaded.run(setting.world, one, running[one], shape) for one in NAMES),
            load.facts(shape),
        )
