"""`policy-proxy` with a clock at each layer of its chain: `python -m bench.apps.timed serve …`.

The clock is the thread's own CPU time, so what a layer waits for costs it nothing. Every fifth of a
second each worker writes what its layers have used so far to the file BENCH_LAYERS, in nanoseconds,
without what the layers further in have used. Reading the clock takes some ten microseconds of a
request. What happens while the server fetches the rest of an answer is nobody's.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from policy_proxy import chain
from policy_proxy.cli import main

INTERVAL = 0.2
ALL: list[Counter[str]] = []
"""What the layers have used, one for each thread of this worker."""
_LOCK = threading.Lock()
_LOCAL = threading.local()


class _Mine:
    """What the layers have used in one thread; `inner` is of those within the one at work."""

    def __init__(self):
        self.used = Counter()
        self.inner = 0
        with _LOCK:
            ALL.append(self.used)
            if len(ALL) == 1:  # the worker's first request, so after granian's fork
                threading.Thread(target=_write, daemon=True).start()


def _mine() -> _Mine:
    if not hasattr(_LOCAL, "mine"):
        _LOCAL.mine = _Mine()
    return _LOCAL.mine


def clock(layer: type) -> None:
    """Have every call of the layer add to what it has used."""
    original, name = layer.__call__, layer.__name__

    def timed(self, environ, start_response):
        mine = _mine()
        before, mine.inner = mine.inner, 0
        began = time.thread_time_ns()
        try:
            return original(self, environ, start_response)
        finally:
            spent = time.thread_time_ns() - began
            mine.used[name] += spent - mine.inner
            mine.inner = before + spent

    layer.__call__ = timed


def _write():
    path = Path(os.environ["BENCH_LAYERS"])
    while True:
        whole = sum((Counter(dict(used)) for used in ALL), Counter())
        new = path.with_suffix(".new")
        new.write_text(json.dumps(whole))
        new.replace(path)
        time.sleep(INTERVAL)


def layers() -> list[type]:
    """What the chain is put together from: the classes of ours in its module that can be called."""
    return [
        kind
        for kind in vars(chain).values()
        if isinstance(kind, type)
        and kind.__module__.startswith("policy_proxy.")
        and "__call__" in vars(kind)
        and kind is not chain.Chain
    ]


if __name__ == "__main__":
    for one in layers():
        clock(one)
    sys.argv[0] = "policy-proxy"
    main()
