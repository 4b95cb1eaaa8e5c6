"""Workers as the main process sees them."""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from policy_proxy.config import Settings
from policy_proxy.cores import Cores
from policy_proxy.serving.listener import Listener
from policy_proxy.serving.server import Make, Process, processes
from policy_proxy.serving.worker import Worker


@dataclass(eq=False, slots=True)
class Member:
    """A worker process.

    :param replaces: whether it came for one that had ended by itself.
    :param lacks: the names of what it is not ready for, as it told last.
    :param deadline: when it must have ended, by the monotonic clock.
    """

    place: int
    process: Process
    pipe: Connection
    replaces: bool
    lacks: list[str] = field(default_factory=lambda: ["start"])
    born: float = field(default_factory=time.monotonic)
    deadline: float = float("inf")

    def hear(self) -> None:
        """Take what it has told."""
        with suppress(EOFError, OSError):  # it has ended, which its exit code says
            while self.pipe.poll():
                self.lacks = self.pipe.recv()

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)

    @property
    def ended(self) -> bool:
        return self.process.exitcode is not None

    @property
    def age(self) -> float:
        """Seconds."""
        return time.monotonic() - self.born


class Plan:
    """How workers with these settings are started."""

    def __init__(self, settings: Settings, listener: Listener, cores: Cores) -> None:
        self.settings = settings
        self._listener = listener
        self._cores = cores
        self._make: Make = processes(settings.server, settings.limits, listener)

    def crew(self, *, waits: bool) -> list[Member]:
        """As many as there are to be, started.

        :param waits: whether they serve only when told to.
        """
        return [self.member(place, waits=waits) for place in range(self.settings.server.workers)]

    def member(self, place: int, *, waits: bool = False, replaces: bool = False) -> Member:
        ours, theirs = multiprocessing.Pipe()
        core = self._cores.of(place) if self.settings.server.one_core else None
        worker = Worker(
            self.settings, os.getpid(), self._listener, place, core, theirs, waits=waits
        )
        process = self._make(place, worker.load)
        process.start()
        theirs.close()
        return Member(place, process, ours, replaces)
