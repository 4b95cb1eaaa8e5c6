"""A server that runs, as all launchers give it."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from harness.children import end
from harness.serve import Served

HOST = "127.0.0.1"
_PATIENCE = 60.0
"""Seconds that a server may take to end: longer than any of them drains."""


@dataclass(frozen=True, slots=True)
class Running(Served):
    """A running server. `port`, `process`, `log`, `url` and `raw()` are as those of `Served`.

    :param reload_signal: what makes it replace its workers; None where it cannot.
    :param stop_signal: what its systemd unit ends it with.
    """

    host: str = HOST
    reload_signal: signal.Signals | None = None
    stop_signal: signal.Signals = signal.SIGTERM

    def reload(self) -> None:
        """Have it replace its workers; returns at once."""
        assert self.reload_signal is not None, "this server cannot replace its workers"
        self.process.send_signal(self.reload_signal)

    def stop(self) -> int:
        """Have it finish what is in flight and end, which it must; its exit code."""
        return end(self.process, self.stop_signal, _PATIENCE)
