"""How things are measured: in turns, several rounds, and what the rounds say together."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, float]
"""What one round of one candidate gave: a number for each quantity, such as `throughput`."""
Rounds = dict[str, dict[str, list[float]]]
"""For each candidate and quantity the value of every round, in the order of the rounds."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one candidate does in a round. `warm` comes once before the first."""

    candidate: str
    measure: Callable[[], Values]
    warm: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Scene:
    """Candidates that are measured in turns; `facts` say under what conditions, for the record.

    :param share: of the rounds asked for, how many make sense here.
    """

    name: str
    words: str
    runs: tuple[Run, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A scene that was measured."""

    name: str
    words: str
    facts: Mapping[str, Any]
    rounds: Rounds


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, the smallest and the largest of them."""

    median: float
    least: float
    most: float


def measure(scene: Scene, rounds: int, tick: Callable[[str], None]) -> Measured:
    """Measure the scene's candidates in turns, so that what else the machine does falls on all.

    Each round begins with another candidate, so that none always follows the same one.

    :param tick: is told the candidate before each of its rounds.
    """
    found: Rounds = {run.candidate: {} for run in scene.runs}
    for run in scene.runs:
        tick(f"{run.candidate}, warm-up")
        run.warm()
    for number in range(count(scene, rounds)):
        first = number % len(scene.runs)
        for run in (*scene.runs[first:], *scene.runs[:first]):
            tick(run.candidate)
            for quantity, value in run.measure().items():
                found[run.candidate].setdefault(quantity, []).append(value)
    return Measured(scene.name, scene.words, dict(scene.facts), found)


def count(scene: Scene, rounds: int) -> int:
    """How many rounds the scene gets."""
    return max(1, round(rounds * scene.share))


def spread(values: list[float]) -> Spread:
    """:raises ValueError: if there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values))
