"""How many cores there are to use, and one for each worker, on which its threads take turns.

Only one thread of a process runs Python at a time. Spread over cores they hand the interpreter to
each other across caches, at every call that may wait, and that costs more than the work itself:
docs/decisions/one-core.md has the figures.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from policy_proxy.model import Environ, StartResponse, WSGIApp

ROOT = Path("/")


def usable(root: Path = ROOT) -> int:
    """How many cores this program may keep busy: those that it may run on, or as much of them as
    its control group, and each one above it, is given of their time. A part of one counts as one.

    :param root: where `proc` and `sys` are found.
    """
    return max(1, min([len(os.sched_getaffinity(0)), *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """Of version 2 (`cpu.max`) and version 1 (`cpu.cfs_*`) of control groups:
    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        folder = top / path.lstrip("/")
        for group in (folder, *folder.parents):
            quota = _quota_of(group)
            if quota:
                yield quota
            if group == top:
                break


def _quota_of(group: Path) -> int | None:
    """The cores that a control group may use, rounded up; None if it has no limit."""
    with suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return math.ceil(int(quota) / int(period))
    with suppress(OSError, ValueError):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        amount, of = (int((group / name).read_text(encoding="ascii")) for name in names)
        return math.ceil(amount / of) if amount > 0 else None
    return None


class Cores:
    """The cores that this program may use, in the order in which its workers get them.

    The main process makes it once: a worker that takes the place of another takes its core, too.
    """

    def __init__(self) -> None:
        # the first comes last: interrupts, and whoever else binds itself, begin there; the others
        # in any order, or programs that know nothing of each other would all take the same
        first, *others = sorted(os.sched_getaffinity(0))
        self._cores = [*SystemRandom().sample(others, len(others)), first]

    def of(self, place: int) -> int | None:
        """The number of the core for the worker in this place, from 0 on; None if there is no
        choice, or none left.
        """
        return self._cores[place] if len(self._cores) > 1 and place < len(self._cores) else None


class OnOneCore:
    """Has every thread that calls the application run on `core` from its first call on."""

    def __init__(self, app: WSGIApp, core: int) -> None:
        self._app = app
        self._core = core
        self._bound = threading.local()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not hasattr(self._bound, "core"):
            self._bound.core = self._core
            with suppress(OSError):  # it was taken from this program meanwhile: any other will do
                os.sched_setaffinity(0, {self._core})
        return self._app(environ, start_response)
