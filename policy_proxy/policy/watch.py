"""Keeps the policy in force fresh: looks at the files in the background, swaps by one assignment.

A request takes `current` once and keeps it: it waits for nothing and reads no file.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from policy_proxy.config.policy import PolicySettings
from policy_proxy.policy.build import UNKNOWN, Attributes, Defaults, build
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.remote import Ask, not_asked
from policy_proxy.policy.rounds import Rounds
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources, Stamp, read

_LOG = logging.getLogger(__name__)
_SHOWN = 20
_RESTLESS = 10
"""So many looks in a row that each see something else are worth a word."""
_MOMENT = 0.1
"""Seconds between the looks of a reload that somebody asks for."""
_STUMBLED = "the policy files could not be looked at: see the log"


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What is in force, and what was refused since.

    :param snapshot: the last good policy; None if there was none yet.
    :param refused: revision of the files that were refused; empty if the files are good.
    :param problems: why they were, a sentence each with file, line, rule and remedy.
    :param since: when all this became so, in seconds since the epoch.
    """

    snapshot: PolicySnapshot | None = None
    refused: str = ""
    problems: tuple[str, ...] = ()
    since: float = field(default_factory=time.time)


class _Prefixed(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[str, Any]:
        return f"{(self.extra or {})['prefix']}{msg}", kwargs


class PolicyWatch:
    """Holds the policy in force.

    A set of files that is refused changes nothing but `state`: the last good one stays in force.
    One that is being written is left alone until two looks in a row see the same.

    :param settings: where the files are, and how many seconds lie between two looks.
    :param defaults: makes the service's rule defaults.
    :param ask: how `http:` and `https:` checks are asked; without it they deny.
    :param attributes: for the rule of each operation what its target can have.
    :param prefix: of what it logs, if it does not hold the policy that decides.
    :param status: what a good policy is then, in its words.
    """

    def __init__(
        self,
        settings: PolicySettings,
        defaults: Defaults,
        ask: Ask = not_asked,
        attributes: Attributes = UNKNOWN,
        *,
        prefix: str = "",
        status: str = "in force",
    ) -> None:
        self._log = _Prefixed(_LOG, {"prefix": prefix})
        self._status = status
        self._settings = settings
        self._defaults = defaults
        self._attributes = attributes
        self._ask = ask
        self._state = PolicyState()
        self._restless = 0
        self._seen: tuple[str, tuple[Stamp, ...]] | None = None
        self._looking = threading.Lock()
        self._rounds = Rounds(
            "policy-proxy-policy",
            settings.watch_interval,
            due=self.look,
            called=self._reload,
            failed=self._stumbled,
        )

    @property
    def current(self) -> PolicySnapshot | None:
        """The policy in force; None if none is."""
        return self._state.snapshot

    @property
    def state(self) -> PolicyState:
        return self._state

    def missing(self) -> str:
        """Why no policy is in force; the empty text if one is."""
        state = self._state
        return "" if state.snapshot else "; ".join(state.problems) or "policy was not loaded yet"

    def load_now(self) -> None:
        """Take the files as they are, without a second look. Call it when nobody is writing."""
        with self._looking:
            self._take(read(self._settings))

    def look(self) -> bool:
        """Look at the files once; take them if the last look saw the same.

        :returns: whether it did.
        """
        with self._looking:
            sources = read(self._settings)
            seen = (sources.revision, sources.stamps)
            settled, self._seen = seen == self._seen, seen
            self._restless = 0 if settled else self._restless + 1
            if settled:
                self._take(sources)
            elif self._restless == _RESTLESS:
                self._log.warning("the policy files change at every look, so they are not taken")
            return settled

    def reload(self) -> None:
        """Have the thread look at once, and again a moment later; returns before it has.

        A signal handler may call it.
        """
        self._rounds.call()

    def start(self) -> None:
        """Begin to look, in this process: a fork takes no thread along."""
        self._rounds.start()

    def stop(self) -> None:
        """End the looking. The policy stays in force."""
        self._rounds.stop()

    def _reload(self) -> None:
        """Looks a moment apart, until two see the same: whoever asks may still be writing."""
        self._log.info("the policy files are read at once, as asked")
        for _ in range(_RESTLESS):
            if self.look():
                break
            time.sleep(_MOMENT)

    def _stumbled(self) -> None:
        """Nobody can say what is in the files, so they do not count as those in force."""
        kept = self._state
        if kept.problems != (_STUMBLED,):
            self._log.exception("looking at the policy files failed; they are looked at again")
            self._state = PolicyState(kept.snapshot, problems=(_STUMBLED,))

    def _take(self, sources: Sources) -> None:
        state = self._state
        if sources.revision == state.refused:
            return
        if state.snapshot and sources.revision == state.snapshot.revision:
            if state.problems:
                self._state = PolicyState(state.snapshot)
                self._log.info("policy files are those of revision %s again", sources.revision)
            return
        try:
            snapshot = replace(self._built(sources), ask=self._ask)
        except PolicyError as error:
            self._refuse(sources.revision, error)
        else:
            self._require(sources, snapshot)
            self._state = PolicyState(snapshot)
            self._log.info("policy revision %s is %s", snapshot.revision, self._status)

    def _built(self, sources: Sources) -> PolicySnapshot:
        kept = self._state.snapshot
        in_force = {rule.file for rule in kept.origins.values()} if kept else set()
        return build(sources, self._settings, self._defaults, self._attributes, in_force)

    def _require(self, sources: Sources, snapshot: PolicySnapshot) -> None:
        """What was in force cannot just go: its loss is no wish for the defaults."""
        if any(path == self._settings.file for path, _ in sources.files):
            self._settings = replace(self._settings, require_file=True)
        folders = {os.path.dirname(rule.file) for rule in snapshot.origins.values()}  # noqa: PTH120  as written
        required = frozenset(folders & {*self._settings.dirs})
        self._settings = replace(self._settings, required_dirs=required)

    def _refuse(self, revision: str, error: PolicyError) -> None:
        kept, problems = self._state.snapshot, tuple(error.problems)
        self._state = PolicyState(kept, revision, problems)
        self._log.error(
            "policy files of revision %s are refused, %s, because of:",
            revision,
            f"revision {kept.revision} stays {self._status}"
            if kept
            else f"no policy is {self._status}",
        )
        for problem in problems[:_SHOWN]:
            self._log.error("%s", problem)
        if len(problems) > _SHOWN:
            self._log.error("and %d more", len(problems) - _SHOWN)
