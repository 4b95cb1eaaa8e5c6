"""The parts of the benchmark, in the order in which they run.

Each is a module of this folder with `scenes(setting)`: a generator of scenes to measure, which
starts what a scene needs before it yields it, and stops it when it goes on or is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """What a part is given.

    :param world: a `bench.world.World`; None for a part that does not need one.
    :param seconds: of a round of load.
    :param quick: whether to leave out what can be spared.
    """

    folder: Path
    world: Any
    seconds: int
    quick: bool


@dataclass(frozen=True, slots=True)
class Part:
    """`tokens` that the part needs; 0 if it needs no world at all."""

    words: str
    tokens: int = 100
    quick: bool = True


PARTS: Mapping[str, Part] = {
    "decisions": Part("one decision, compiled and by Enforcer.authorize", tokens=0),
    "parsing": Part("a 2 MB body, parsed strictly and by json.loads", tokens=0),
    "replay": Part("recorded requests decided again, and by Enforcer.authorize", tokens=0),
    "load": Part("throughput and latency of all candidates"),
    "savings": Part("ours without each of its savings, and with a candidate", quick=False),
    "placement": Part("Placement, direct and through ours"),
    "rules": Part("a policy of 10,000 rules and one of 40", quick=False),
    "bodies": Part("CPU that a body of 2 MB adds"),
    "streams": Part("memory and small requests while 20 MB answers stream"),
    "servers": Part("ours on each server, and behind each front end", quick=False),
    "start": Part("from start to ready"),
    "tokens": Part("1, 100 and 10,000 tokens", tokens=10_000, quick=False),
    "heads": Part("1, 1,000 and 10,000 different requests", quick=False),
    "overload": Part("ten times the load that it can carry", quick=False),
    "workers": Part("1 and 2 workers", quick=False),
    "layers": Part("where ours spends its CPU", quick=False),
}
