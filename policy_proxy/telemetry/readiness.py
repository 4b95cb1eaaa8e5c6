"""Whether the service can do its work: looked at in the background, told at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

_LOG = logging.getLogger(__name__)
STOPPING = "stopping"
"""What is wrong with a service that is about to stop."""

Look = Callable[[], str]
"""Returns what is wrong, in words for the operator's log; the empty text if nothing is."""


class Readiness:
    """Looks at each of what the service depends on, again and again.

    :param looks: by the name under which a client of the health check sees it.
    :param interval: seconds between two rounds.
    """

    def __init__(self, looks: Mapping[str, Look], interval: float) -> None:
        self._looks = dict(looks)
        self._interval = interval
        self._stopped = threading.Event()
        self._ending = False
        self._failing: Mapping[str, str] = dict.fromkeys(looks, "not looked at yet")

    def start(self) -> None:
        threading.Thread(target=self._watch, name="policy-proxy-readiness", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def end(self) -> None:
        """Be ready no more, whatever is found: the service is about to stop."""
        self._ending = True

    def look(self) -> Mapping[str, str]:
        """One round: what fails, by name. The result replaces the last one whole."""
        found = {name: _looked(look) for name, look in self._looks.items()}
        failing = {name: reason for name, reason in found.items() if reason}
        for name in self._looks:
            before, now = self._failing.get(name, ""), failing.get(name, "")
            if before != now:
                _LOG.log(logging.ERROR if now else logging.INFO, "%s: %s", name, now or "ready")
        self._failing = failing
        return failing

    @property
    def failing(self) -> tuple[str, ...]:
        """The names of what does not work, in the order in which they were given."""
        failing = self._failing
        found = tuple(name for name in self._looks if name in failing)
        return (STOPPING, *found) if self._ending else found

    def _watch(self) -> None:
        while not self._stopped.is_set():
            failing = self.look()
            self._stopped.wait(min(self._interval, 1.0) if failing else self._interval)


def _looked(look: Look) -> str:
    try:
        return look()
    except Exception as error:  # noqa: BLE001  a look that fails is the finding
        return f"{type(error).__name__}: {error}"
