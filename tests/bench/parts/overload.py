"""Ten times the load that it can carry, and a backend that has stopped: no slow death.

With so many connections that each of its threads is busy, ours has its peak. With ten times as many
requests wait; what matters is that those which are accepted are as many as before, and that nobody
waits long, be it for an answer or for a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.processes import Running
from bench.rounds import Run, Scene, Values

PEAK, TIMES = 64, 10
"""Connections at the peak, and how many times as many are too many."""
SECONDS = 4
"""Of a round: long enough for those who wait to be told."""
DELAYS = (0, 50)


def scenes(setting: Setting) -> Iterator[Scene]:
    """The peak and the overload in turns: limited by CPU, and by a slow backend."""
    with loaded.started(setting.world, ("ours",)) as running:
        ours = running["ours"]
        warm = partial(loaded.prime, setting.world, ours, load.TOKENS)
        for delay in DELAYS:
            few, many = (
                Shape(work.get(delay), connections, load.TOKENS, max(setting.seconds, SECONDS))
                for connections in (PEAK, PEAK * TIMES)
            )
            yield Scene(
                f"overload/{delay}",
                f"{load.words(few)}, and {TIMES} times as many",
                tuple(
                    Run(f"ours, {words}", partial(_accepted, setting, ours, shape), warm)
                    for words, shape in (("peak", few), ("overload", many))
                ),
                load.facts(many),
            )


def _accepted(setting: Setting, one: Running, shape: Shape) -> Values:
    """Requests a second that were answered with what was asked for; the refused are apart."""
    seen = loaded.sent(setting.world, one, shape)
    return {
        "throughput": (seen.requests - seen.refused) / seen.seconds,
        "refused": seen.refused / seen.seconds,
        "p50": seen.p50 / 1000,
        "p99": seen.p99 / 1000,
        "failures": float(seen.broken),
    }
