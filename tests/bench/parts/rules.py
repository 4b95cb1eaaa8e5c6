"""What a request costs with a policy of 10,000 rules, and with one of 40."""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("ours", "ours, 10,000 rules")


def scenes(setting: Setting) -> Iterator[Scene]:
    """Placement's own policy has the 40."""
    shape = Shape(work.get(), load.CONNECTIONS, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, NAMES) as running:
        yield Scene(
            "rules",
            load.words(shape),
            tuple(loaded.run(setting.world, one, running[one], shape) for one in NAMES),
            load.facts(shape),
        )
