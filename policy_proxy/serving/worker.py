"""What goes on in a worker: the application is put together, tells when it is ready, and drains."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from multiprocessing import util
from multiprocessing.connection import Connection

from policy_proxy import lifetime
from policy_proxy.chain import Chain, authorizer, proxy
from policy_proxy.config import Settings
from policy_proxy.cores import OnOneCore
from policy_proxy.errors import ConfigurationError
from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.placement.service import SERVICE
from policy_proxy.serving import closing, overdue
from policy_proxy.serving.draining import Ending, drain
from policy_proxy.serving.listener import Listener
from policy_proxy.serving.server import KEEP_ALIVE
from policy_proxy.serving.unread import Unread
from policy_proxy.telemetry.readiness import Readiness

RETIRE = signal.SIGUSR1
"""Others take over: answer what comes on the connections that there are, and end."""
STOP = signal.SIGUSR2
"""The service stops: say so in the health check, and end."""
RETIRED_WITHIN = KEEP_ALIVE + 2
"""Seconds after which a worker that retires has only requests in flight."""
STOPPED_WITHIN = 2
"""The same of one that stops. It is short: all the while nobody can connect."""

_LOG = logging.getLogger(__name__)
_LOOK = 0.05
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker gets from the main process, by being forked from it.

    :param supervisor: the main process. Without it nobody would stop the worker, or start another
        one, so it is then told to finish what it is doing.
    :param core: what it is to keep to; None: to none.
    :param pipe: takes what is not ready yet, as a list of names, each time that this changes; the
        empty list is the last.
    :param waits: whether it serves only when it is ready and the main process has answered that.
    """

    settings: Settings
    supervisor: int
    listener: Listener
    place: int
    core: int | None
    pipe: Connection
    waits: bool

    def load(self) -> WSGIApp:
        """What it serves, opened before its first request."""
        lifetime.end_with(self.supervisor)
        chain = self._opened()
        # a process that multiprocessing has forked calls nothing of atexit
        util.Finalize(None, chain.close, exitpriority=0)
        app = Ending(Unread(_nameless(chain) if self.listener.unix else chain))
        if not self.listener.unix:
            overdue.watch(self.listener.of(self.place).getsockname(), _overdue(self.settings))
        self._listen_to_signals(chain, app)
        gc.collect()
        gc.freeze()  # what is here stays: to look through it again and again costs a tenth
        if self.waits:
            self._report(chain.readiness)
            self.pipe.recv()
        else:
            arguments = (chain.readiness,)
            threading.Thread(target=self._report, args=arguments, daemon=True).start()
        return app if self.core is None else OnOneCore(app, self.core)

    def _opened(self) -> Chain:
        build = authorizer if self.settings.authorizer.front_end else proxy
        try:
            return build(self.settings, SERVICE)
        except ConfigurationError as error:
            for problem in error.problems:
                _LOG.error("%s", problem)
            sys.exit(1)

    def _listen_to_signals(self, chain: Chain, app: Ending) -> None:
        sock = self.listener.keep(self.place)
        fd, address = sock.fileno(), sock.getsockname()

        def retire(*_: object) -> None:
            app.begin()
            # others accept from the same queue, so nothing in it is lost
            drain(fd, address, before=lambda: None, patience=RETIRED_WITHIN)

        def stop(*_: object) -> None:
            chain.readiness.end()
            app.begin()
            drain(fd, address, before=partial(self._last_come, fd), patience=STOPPED_WITHIN)

        signal.signal(signal.SIGHUP, lambda *_: chain.reload())
        signal.signal(RETIRE, _once(retire))
        signal.signal(STOP, _once(stop))

    def _last_come(self, fd: int) -> None:
        """Go on for as long as the notice says, and then with those that came before its end."""
        time.sleep(self.settings.server.stop_notice)
        self.listener.remove_file()
        closing.turn_away(fd)
        closing.wait_until_all_are_in(fd, STOPPED_WITHIN)

    def _report(self, readiness: Readiness) -> None:
        told = None
        while told != []:
            failing = [*readiness.failing]
            if failing != told:
                self.pipe.send(failing)
                told = failing
            time.sleep(_LOOK)


def _overdue(settings: Settings) -> float:
    """Seconds in which a request has had its answer, unless its body takes too long."""
    return settings.server.body_timeout + 3 * settings.backend.total_timeout


def _nameless(app: WSGIApp) -> WSGIApp:
    """A client of a unix socket gives its own end any name it likes, that of an address as well."""

    def called(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ | {"REMOTE_ADDR": ""}, start_response)

    return called


def _once(handler: Callable[..., None]) -> Callable[..., None]:
    """The same signal may come again: whoever sends it cannot know whether it was heard."""
    heard: list[bool] = []

    def handle(*arguments: object) -> None:
        if not heard:
            heard.append(True)
            handler(*arguments)

    return handle
