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
from contextlib import suppress
from random import SystemRandom

from policy_proxy.model import Environ, StartResponse, WSGIApp


class Cores:
    """The cores that this program may use, to be made before its workers are forked.

    A worker that ends leaves its core to the one that replaces it: the kernel keeps the locks.
    """

    def __init__(self) -> None:
        # the first comes last: interrupts, and whoever else binds itself, begin there; the others
        # in any order, or programs that know nothing of each other would all take the same
        first, *others = sorted(os.sched_getaffinity(0))
        self._cores = [*SystemRandom().sample(others, len(others)), first]
        try:
            self._locks = os.memfd_create("cores")
        except OSError:  # forbidden, perhaps, by who set up this machine: then nobody is bound
            self._cores = []

    def take(self) -> int | None:
        """The number of a core that no other worker has; None if there is no choice, or none left.

        It is this process's until the process ends.
        """
        if not self._cores[1:]:
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
            self._bound.core = self._core
            with suppress(OSError):  # it was taken from this program meanwhile: any other will do
                os.sched_setaffinity(0, {self._core})
        return self._app(environ, start_response)
