"""One subject, tried for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from fuzz.subjects import Check, Subject

_ROUND = 500
"""Examples between two looks at the clock."""


@dataclass(slots=True)
class Result:
    """
    :param examples: how many were tried.
    :param finding: the smallest example that failed, and how; empty if none did.
    """

    subject: str
    examples: int = 0
    seconds: float = 0.0
    finding: str = ""
    value: Any = None
    reason: str = ""


def tried(subject: Subject, *, seed: int, seconds: float = 0, examples: int = 0) -> Result:
    """Try it for so many seconds, or examples, or until something is found."""
    result = Result(subject.name)
    began = time.monotonic()
    with subject.opened() as check:
        while not result.finding:
            left = examples - result.examples if examples else _ROUND
            if left <= 0 or (seconds and time.monotonic() - began >= seconds):
                break
            _round(subject, check, result, seed, min(left, _ROUND))
            seed += 1
    result.seconds = time.monotonic() - began
    return result


def _round(subject: Subject, check: Check, result: Result, seed: int, examples: int) -> None:
    def one(value: Any) -> None:
        result.examples += 1
        try:
            check(value)
        except Exception as error:
            # the last one is the smallest
            result.value, result.reason = value, f"{type(error).__name__}: {error}"
            raise

    chosen = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        derandomize=False,
    )
    try:
        hypothesis.seed(seed)(chosen(given(subject.values)(one)))()
    except Exception:  # noqa: BLE001  whatever the check raised is the finding
        result.finding = f"{result.reason}\nseed {seed}, with {result.value!r}"
