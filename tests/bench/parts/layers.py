"""Where ours spends its CPU: each layer of the chain has a clock, see `bench.apps.timed`.

What the layers do not explain is the server's: reading and writing the sockets of clients, making
the environ, taking the answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial

from bench import loaded, work
from bench.candidates import ours
from bench.loaded import Shape
from bench.parts import Setting, load
from bench.processes import Running
from bench.rounds import Run, Scene, Values

NAME = "ours, timed"
SERVER = "server"
SETTLED = 0.5
"""Seconds after which the clocks have surely been written."""


def scenes(setting: Setting) -> Iterator[Scene]:
    """Ours under the load of the middle, beside bare."""
    shape = Shape(work.get(), load.CONNECTIONS, load.TOKENS, setting.seconds)
    with loaded.started(setting.world, (NAME, "bare")) as running:
        timed = loaded.run(setting.world, NAME, running[NAME], shape)
        bare = loaded.run(setting.world, "bare", running["bare"], shape)
        yield Scene(
            "layers",
            load.words(shape),
            (
                Run(NAME, partial(_measured, setting, running[NAME], shape), timed.warm),
                Run("bare", lambda: {"cpu": bare.measure()["cpu"]}, bare.warm),
            ),
            load.facts(shape),
        )


def _measured(setting: Setting, one: Running, shape: Shape) -> Values:
    """CPU milliseconds of a request: of each layer, of the server, and all together."""
    before, whole = _clocks(setting), one.cpu()
    seen = loaded.sent(setting.world, one, shape)
    whole = one.cpu() - whole
    after = _clocks(setting)
    used = {name: (after[name] - before.get(name, 0)) / 1e9 for name in after}
    parts = {**used, SERVER: whole - sum(used.values()), "cpu": whole}
    return {name: seconds / seen.requests * 1000 for name, seconds in parts.items()}


def _clocks(setting: Setting) -> dict[str, int]:
    time.sleep(SETTLED)
    path = ours.layers_file(setting.world)
    return json.loads(path.read_text()) if path.exists() else {}
