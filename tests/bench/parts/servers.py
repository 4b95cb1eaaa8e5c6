"""Ours in each of the WSGI servers, with one process."""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.rounds import Scene

NAMES = ("ours", "ours in gunicorn", "ours in waitress")


def scenes(setting: Setting) -> Iterator[Scene]:
    """The GET of 1 kB, as in the main comparison."""
    shape = Shape(work.get(), load.CONNECTIONS, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, NAMES) as running:
        runs = (loaded.run(setting.world, one, running[one], shape) for one in NAMES)
        yield Scene("servers", f"servers: {load.words(shape)}", tuple(runs), load.facts(shape))
