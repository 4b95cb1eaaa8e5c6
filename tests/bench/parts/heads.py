"""What a request costs where 1, 1,000 and 10,000 different ones take turns: what was understood of
a head is remembered, and the last are more than are kept, so that each is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("ours", "bare")
COUNTS = (1, 1000, 10_000)


def scenes(setting: Setting) -> Iterator[Scene]:
    """All other parts ask for the same again and again: what they measure is the first of these."""
    with loaded.started(setting.world, NAMES) as running:
        for count in COUNTS:
            shape = Shape(work.get_of(count), load.CONNECTIONS, load.TOKENS, setting.seconds)
            yield Scene(
                f"heads/{count}",
                load.words(shape),
                tuple(loaded.run(setting.world, one, running[one], shape) for one in NAMES),
                load.facts(shape),
            )
