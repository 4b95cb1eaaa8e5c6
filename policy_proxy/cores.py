"""A core for each worker, on which all its threads that run Python take turns.

Only one thread of a process runs Python at a time. Spread over cores they hand the interpreter to
each other across caches, at every call that may wait, and that costs more than the work itself:
docs/decisions/one-core.md has the figures.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable

from policy_proxy.model import Environ, StartResponse, WSGIApp


class Cores:
    """The cores that this program may use, to be made before its workers are forked.

    A worker that ends leaves its core to the one that replaces it: the kernel keeps the locks.
    """

    def __init__(self) -> None:
        # the last first: interrupts, and whoever else binds itself, begin at the other end
        self._cores = sorted(os.sched_getaffinity(0), reverse=True)
        self._locks = os.memfd_create("cores")

    def take(self) -> int | None:
        """The number of a core that no other worker has; None if there is no choice, or none left.

        It is this process's until the process ends.
        """
        if len(self._cores) == 1:
            return None
        for place, core in enumerate(self._cores):
            try:
                fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                continue
            return core
        return None


class OnOneCore:
    """Has every thread that calls the application run on `core` from its first call on."""

    def __init__(self, app: WSGIApp, core: int) -> None:
        self._app = app
        self._core = core
        self._bound = threading.local()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not hasattr(self._bound, "core"):
            os.sched_setaffinity(0, {self._core})
            self._bound.core = self._core
        return self._app(environ, start_response)
