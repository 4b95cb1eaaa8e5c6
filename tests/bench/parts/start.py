"""How long `serve` takes from its start to its first 200 on /healthcheck."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from bench.candidates import CANDIDATES
from bench.parts import Setting
from bench.processes import Running
from bench.rounds import Run, Scene, Values
from bench.world import World

NAMES = ("ours", "stock")
QUICK_NAMES = ("ours",)
LIMIT = 60.0


def scenes(setting: Setting) -> Iterator[Scene]:
    """The file cache is warm after the first."""
    names = QUICK_NAMES if setting.quick else NAMES
    runs = [(name, partial(_seconds, setting.world, name)) for name in names]
    yield Scene(
        "start",
        "from start to ready",
        tuple(Run(name, measure, warm=measure) for name, measure in runs),
    )


def _seconds(world: World, name: str) -> Values:
    with world.part() as part:
        began = time.monotonic()
        running = CANDIDATES[name].start(part)
        while not _ready(running):
            running.children[0].check()
            if time.monotonic() - began > LIMIT:
                raise RuntimeError(f"{name} is not ready after {LIMIT:g} s")
            time.sleep(0.01)
        return {"seconds": time.monotonic() - began}


def _ready(running: Running) -> bool:
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=5)
    try:
        connection.request("GET", running.ready)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
