"""The main process: it starts workers, replaces them, and stops them. It serves nothing itself.

It has no thread, and the same process id from start to stop, whatever becomes of the workers.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait

from policy_proxy.config import Settings
from policy_proxy.cores import Cores
from policy_proxy.errors import ConfigurationError
from policy_proxy.serving.crew import Member, Plan
from policy_proxy.serving.listener import Listener
from policy_proxy.serving.notify import Tell, reloading
from policy_proxy.serving.signals import Signals
from policy_proxy.serving.worker import RETIRE, RETIRED_WITHIN, STOP

RELOAD = signal.SIGHUP
"""Every worker reads the policy files."""
RESTART = signal.SIGUSR2
"""New workers, with the configuration as it is then, take the place of the old ones."""
END = (signal.SIGTERM, signal.SIGINT)

_LOG = logging.getLogger(__name__)
_TURN = 0.5
"""Seconds, at most, until a worker that is late is noticed, or reminded of what it was told."""
_CRASH_LOOP = 5.5
"""Seconds. When a worker that replaces one which ended by itself lives no longer, that is all."""


class Supervisor:
    """
    :param settings: as they were read and found good.
    :param read: reads them anew; raises ConfigurationError if they are not good.
    :param tell: says to systemd what goes on.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        read: Callable[[], Settings],
        tell: Tell,
    ) -> None:
        self._listener = listener
        self._read = read
        self._tell = tell
        self._signals = Signals([*END, RELOAD, RESTART])
        self._cores = Cores()
        self._plan = Plan(settings, listener, self._cores)
        self._next: Plan | None = None
        self._serving: list[Member] = []
        self._coming: list[Member] = []
        self._retiring: list[Member] = []
        self._status = ""
        self._ready = False
        self._stopping = False
        self._code = 0

    def run(self) -> int:
        """Serve until told to stop, or until workers cannot be kept alive. Gives the exit code."""
        self._serving = self._plan.crew(waits=False)
        while members := self._members():
            awaited = [item for one in members for item in (one.pipe, one.process.sentinel)]
            wait([self._signals.fileno(), *awaited], _TURN)
            for number in self._signals.heard():
                self._obey(number)
            for one in members:
                one.hear()
            self._look_after()
        self._listener.remove()
        return self._code

    def _members(self) -> list[Member]:
        return [*self._serving, *self._coming, *self._retiring]

    def _obey(self, number: int) -> None:
        if self._stopping:
            return
        if number in END:
            self._stop()
        elif number == RELOAD:
            self._tell(**reloading())
            for one in (*self._serving, *self._coming):
                one.signal(RELOAD)
            self._tell_ready()
        elif number == RESTART:
            self._restart()

    def _look_after(self) -> None:
        for one in self._members():
            if one.ended:
                self._bury(one)
            elif time.monotonic() > one.deadline:
                _LOG.warning("worker %s does not end: it is killed", one.process.pid)
                one.process.kill()
                one.deadline = float("inf")  # once: it takes a moment
            elif self._stopping:
                one.signal(STOP)  # again: who is just about to serve may not have heard it
        if self._stopping:
            return
        if self._next:
            self._take_over(self._next)
        lacks = sorted({name for one in self._serving for name in one.lacks})
        self._ready = self._ready or not lacks
        self._say(f"waits for {', '.join(lacks)}" if lacks else "serves")

    def _bury(self, one: Member) -> None:
        coming, serving = one in self._coming, one in self._serving
        for crew in (self._serving, self._coming, self._retiring):
            if one in crew:
                crew.remove(one)
        one.process.join()
        one.pipe.close()
        if self._stopping or not (coming or serving):
            return
        _LOG.error("worker %s ended by itself (%s)", one.process.pid, one.process.exitcode)
        if coming:
            self._stay("a new worker ended")
        elif one.replaces and one.age < _CRASH_LOOP:
            _LOG.error("workers end as soon as they start: this service stops")
            self._code = 1
            self._stop()
        else:
            self._serving.append(self._plan.member(one.place, replaces=True))

    def _stop(self) -> None:
        self._stopping = True
        self._tell(STOPPING=1, STATUS="stops")
        _LOG.info("stopping")
        server = self._plan.settings.server
        for one in self._members():
            one.deadline = time.monotonic() + server.stop_notice + server.drain_timeout
            one.signal(STOP)
        for one in self._coming:  # they have served nobody yet
            one.process.kill()
        self._listener.close()

    def _restart(self) -> None:
        """Begin: nothing changes until the new workers are ready."""
        if self._next:
            _LOG.warning("a restart is going on: another one is not begun")
            return
        _LOG.info("restarting: new workers are started")
        self._tell(**reloading())
        try:
            settings = self._read()
            self._next = Plan(settings, self._listener, self._cores)
        except ConfigurationError as error:
            for problem in error.problems:
                _LOG.error("%s", problem)
            self._stay("the configuration is not good")
        except Exception:  # noqa: BLE001  whatever it is, the old workers serve on
            _LOG.exception("the configuration cannot be used")
            self._stay("the configuration cannot be used")
        else:
            self._coming = self._next.crew(waits=True)

    def _take_over(self, plan: Plan) -> None:
        """The new workers serve, if all of them are ready; the old ones answer what they have."""
        lacks = sorted({name for one in self._coming for name in one.lacks})
        if lacks:
            if self._coming[0].age > plan.settings.server.restart_timeout:
                self._stay(f"the new workers wait for {', '.join(lacks)}")
            return
        for one in self._coming:
            one.pipe.send("serve")
        patience = RETIRED_WITHIN + self._plan.settings.server.drain_timeout
        for one in self._serving:
            one.deadline = time.monotonic() + patience
            one.signal(RETIRE)
        self._retiring += self._serving
        self._serving, self._coming = self._coming, []
        self._plan, self._next = plan, None
        _LOG.info("restarted: new workers serve")
        self._tell_ready()

    def _stay(self, why: str) -> None:
        """Give a restart up."""
        _LOG.error("NOT restarted, since %s: the old workers serve on", why)
        for one in self._coming:
            one.process.kill()
        self._retiring += self._coming
        self._coming, self._next = [], None
        self._tell_ready()
        self._tell(STATUS=f"serves; was not restarted, since {why}")

    def _say(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self._tell(STATUS=status)
            if self._ready:
                self._tell_ready()

    def _tell_ready(self) -> None:
        if self._ready:
            self._tell(READY=1)
