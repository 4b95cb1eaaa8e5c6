"""A policy that is tried: asked about each request beside the one in force, without a say."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from policy_proxy import model
from policy_proxy.policy.decide import decide
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.watch import PolicyWatch

_LOG = logging.getLogger(__name__)
_WORDS = {model.Effect.ALLOW: "allowed", model.Effect.DENY: "denied"}
_UNREAD = "it looks at the body, which was not read, or could not be"

SHARE = 0.03
"""Of a thread's time that a candidate may take in the long run."""
LONG = 500_000
"""Nanoseconds of CPU: a decision that takes longer is followed by a rest."""
LONG_WAIT = 50_000_000
"""Nanoseconds by the clock, likewise: so much is more than a wait for other threads."""


class Tally:
    """What the candidate said since this process began. Any number of threads may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flips: Counter[tuple[str, str]] = Counter()
        self._numbers: Counter[str] = Counter()

    def count(self, rule: str, effect: str = "") -> None:
        """One more request of this rule, and what the candidate said of it if it differs."""
        with self._lock:
            self._numbers["decided"] += 1
            if effect:
                self._flips[rule, effect] += 1

    def skip(self) -> None:
        """One more request that it was not asked about."""
        with self._lock:
            self._numbers["skipped"] += 1

    def told(self) -> dict[str, Any]:
        """As JSON: how many were decided, and for each rule how many of them otherwise, and how."""
        with self._lock:
            flips = sorted(self._flips.items())
            numbers = {name: self._numbers[name] for name in ("decided", "skipped")}
        rules: dict[str, dict[str, int]] = {}
        for (rule, effect), count in flips:
            rules.setdefault(rule, {})[effect] = count
        return {**numbers, "otherwise": rules}


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate on trial, and what it said so far."""

    watch: PolicyWatch
    tally: Tally


class Shadow:
    """Ask the candidate when the answer is known, and note in the environ where it differs.

    Whatever goes wrong with it is logged, and changes nothing: not the answer, not the decision. If
    it is slow it is asked less often, so that it takes `SHARE` of the time at most.

    """

    def __init__(self, app: model.WSGIApp, service: model.Service, trial: Trial) -> None:
        self._app = app
        self._service = service
        self._watch = trial.watch
        self._tally = trial.tally
        self._rests_until = 0

    def __call__(
        self, environ: model.Environ, start_response: model.StartResponse
    ) -> Iterable[bytes]:
        try:
            return self._app(environ, start_response)
        finally:
            self._ask(environ)

    def _ask(self, environ: model.Environ) -> None:
        decision: model.Decision | None = environ.get(model.DECISION)
        candidate = self._watch.current
        if decision is None or candidate is None:
            return
        if candidate.revision == decision.revision:
            self._tally.count(decision.operation)
            return
        if time.monotonic_ns() < self._rests_until:
            self._tally.skip()
            return
        began, clock = time.thread_time_ns(), time.monotonic_ns()
        try:
            said = self._said(environ, decision, candidate)
        except Exception:  # noqa: BLE001  whatever it is, the request must not suffer from it
            _LOG.exception("the candidate policy could not be asked")
            said = _undecided(candidate, "it failed: see the log")
        if said is not None:
            environ[model.CANDIDATE] = said
        self._tally.count(decision.operation, said["effect"] if said else "")
        self._rest(time.thread_time_ns() - began, time.monotonic_ns() - clock)

    def _rest(self, taken: int, waited: int) -> None:
        """Ask nothing for a while, if the last answer took long.

        :param taken: nanoseconds of CPU.
        :param waited: nanoseconds by the clock: a check of an extension may wait for something.
        """
        long = waited if waited > LONG_WAIT else taken if taken > LONG else 0
        if long:
            self._rests_until = time.monotonic_ns() + int(long / SHARE)

    def _said(
        self, environ: model.Environ, decision: model.Decision, candidate: PolicySnapshot
    ) -> dict[str, str] | None:
        """What the candidate says, as the audit record has it; None if it agrees."""
        request: model.Request = environ[model.REQUEST]
        identity: model.Identity = environ[model.IDENTITY]
        target = decision.target
        if candidate.looks_at(decision.operation, request.operation.body_attributes):
            if request.body is None:
                return _undecided(candidate, _UNREAD)
            target = self._service.target(request, identity)
        return difference(decision, decide(request, identity, candidate, target))


def difference(decision: model.Decision, other: model.Decision) -> dict[str, str] | None:
    """What another policy says of a request, if it says something else."""
    if other.effect is decision.effect:
        return None
    return {
        "revision": other.revision,
        "effect": _WORDS[other.effect],
        "reason": other.reason,
    }


def _undecided(candidate: PolicySnapshot, why: str) -> dict[str, str]:
    return {"revision": candidate.revision, "effect": "undecided", "reason": why}
