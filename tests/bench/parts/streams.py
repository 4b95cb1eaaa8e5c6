"""Sixteen answers of 20 MB at once: the memory that they take, and small requests beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.processes import Running
from bench.readers import reading
from bench.rounds import Run, Scene, Values
from bench.wrk import Generator

STREAMS = 16
RATE = 10_000_000
"""Bytes a second of each while small requests are measured: 1.3 Gbit/s together. Sixteen that are
read as fast as they come take all CPUs of a small machine, for themselves and for who reads them.
"""
NAMES = ("ours", "bare", "stock", "nginx plain")
QUICK_NAMES = ("ours", "nginx plain")


def scenes(setting: Setting) -> Iterator[Scene]:
    """First memory, since what a process has once held it may keep."""
    names = QUICK_NAMES if setting.quick else NAMES
    with loaded.started(setting.world, names) as running:
        shape = Shape(work.get(), load.CONNECTIONS, 1, setting.seconds)
        for one in running.values():
            loaded.run(setting.world, "", one, shape).warm()
        yield Scene(
            "memory",
            f"{STREAMS} answers of 20 MB at once",
            tuple(Run(name, _holding(setting, one)) for name, one in running.items()),
        )
        alone = [loaded.run(setting.world, name, one, shape) for name, one in running.items()]
        beside = [
            Run(f"{run.candidate}, streaming", partial(_beside, setting, running, run))
            for run in alone
        ]
        yield Scene(
            "streams",
            f"{load.words(shape)}, alone and beside {STREAMS} answers of 20 MB at 10 MB/s each",
            (*alone, *beside),
            load.facts(shape),
        )


def _holding(setting: Setting, one: Running) -> partial[Values]:
    """What it holds now is what it holds when idle."""
    return partial(_memory, setting, one, one.resident())


def _memory(setting: Setting, one: Running, idle: float) -> Values:
    one.forget_peak()
    generator = Generator(setting.folder, setting.world.identities.tokens)
    shape = {"connections": STREAMS, "tokens": 1, "seconds": setting.seconds}
    seen = generator.run(one.url, work.STREAM, **shape)
    return {
        "idle": idle,
        "over idle": one.peak() - idle,
        "rate": seen.bytes / seen.seconds / 1e6,
        "failures": float(seen.refused + seen.broken),
    }


def _beside(setting: Setting, running: dict[str, Running], run: Run) -> Values:
    """The run's own measure, while its candidate streams."""
    url, tokens = running[run.candidate].url, setting.world.identities.tokens
    with reading(url, work.STREAM.path, tokens, STREAMS, RATE):
        time.sleep(0.5)  # all of them have begun
        return run.measure()
