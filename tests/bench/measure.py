"""How things are measured: in turns, several rounds, as the time of one call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to do again and again; `calls` of it make a round."""

    name: str
    call: Callable[[], object]
    calls: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours beside what it is measured by; `question` says what both of them do."""

    question: str
    ours: Candidate
    other: Candidate


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds of one call: the median of the rounds, the fastest and the slowest of them."""

    name: str
    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Result:
    """`ratio`: how many times as long ours takes, the median of what each round says."""

    question: str
    ours: Timing
    other: Timing
    ratio: float


def compared(comparison: Comparison, rounds: int) -> Result:
    """Measure both in turns, so that whatever else the machine does falls on both alike."""
    ours, other = comparison.ours, comparison.other
    _round(ours)  # caches, connections and branch predictors are warm after one
    _round(other)
    pairs = [(_round(ours), _round(other)) for _ in range(rounds)]
    return Result(
        comparison.question,
        _timing(ours.name, [mine for mine, _ in pairs]),
        _timing(other.name, [theirs for _, theirs in pairs]),
        statistics.median(mine / theirs for mine, theirs in pairs),
    )


def _round(candidate: Candidate) -> float:
    began = time.perf_counter()
    for _ in range(candidate.calls):
        candidate.call()
    return (time.perf_counter() - began) / candidate.calls * 1e6


def _timing(name: str, rounds: list[float]) -> Timing:
    return Timing(name, statistics.median(rounds), min(rounds), max(rounds))
