"""What a process and its children have in memory, threads and descriptors, over time."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """At one moment: of the main process, and the mean of its workers.

    :param at: seconds since the start.
    """

    at: float
    workers: int
    values: dict[str, float]


def sample(main: int, workers: list[int], at: float) -> Sample | None:
    """None while a worker comes or goes."""
    try:
        own, theirs = _of(main), [_of(pid) for pid in workers]
    except (OSError, IndexError, ValueError):
        return None
    if not theirs:
        return None
    values = {f"main {name}": value for name, value in own.items()}
    values |= {f"worker {name}": statistics.fmean(one[name] for one in theirs) for name in own}
    return Sample(at, len(workers), values)


def thirds(samples: list[Sample], length: float, workers: int) -> dict[str, tuple[float, float]]:
    """For each figure its median in the first third and in the last one.

    Only moments with the usual number of workers count, and of each third its second half: what
    starts has to warm up.
    """
    usual = [one for one in samples if one.workers == workers]

    def median(name: str, start: float, end: float) -> float:
        found = [one.values[name] for one in usual if start * length <= one.at <= end * length]
        return statistics.median(found) if found else float("nan")

    names = usual[0].values if usual else {}
    return {name: (median(name, 1 / 6, 1 / 3), median(name, 5 / 6, 1)) for name in names}


ALLOWED = {"MiB": (1.1, 4.0), "threads": (1.0, 2.0), "descriptors": (1.1, 4.0)}
"""Of each unit how much the last third may have: this many times the first, and so much more."""


def grown(found: dict[str, tuple[float, float]]) -> list[str]:
    """The figures that are not flat; those that could not be measured among them."""
    bad = []
    for name, (first, last) in found.items():
        times, more = ALLOWED[name.split()[1]]
        if not last <= first * times + more:
            bad.append(name)
    return bad


def _of(pid: int) -> dict[str, float]:
    folder = Path(f"/proc/{pid}")
    resident = int((folder / "statm").read_text().split()[1]) * _PAGE / (1 << 20)
    return {
        "MiB": resident,
        "threads": sum(1 for _ in (folder / "task").iterdir()),
        "descriptors": sum(1 for _ in (folder / "fd").iterdir()),
    }
