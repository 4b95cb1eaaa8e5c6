"""What a request costs with 1, 100 and 10,000 tokens that are known, to ours and to the stock."""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("ours", "stock", "nginx + stock")
COUNTS = (1, 100, 10_000)


def scenes(setting: Setting) -> Iterator[Scene]:
    """A round sends each token at least once only if it is long enough: the tokens go on where
    nobody remembers them best, one after the other.
    """
    with loaded.started(setting.world, NAMES) as running:
        for count in COUNTS:
            shape = Shape(work.get(), load.CONNECTIONS, count, setting.seconds)
            yield Scene(
                f"tokens/{count}",
                load.words(shape),
                tuple(loaded.run(setting.world, one, running[one], shape) for one in NAMES),
                load.facts(shape),
            )
