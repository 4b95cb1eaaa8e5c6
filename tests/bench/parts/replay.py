"""Recorded requests, decided again: beside a stock Enforcer that is asked of each; and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench import logs
from bench.parts import Setting
from bench.parts.decisions import stock, timed
from bench.rounds import Run, Scene, Values
from policy_proxy.audit.reading import Record, record_of
from policy_proxy.policy.replay.replay import Replay
from policy_proxy.policy.snapshot import PolicySnapshot

RECORDS = 20_000
ASKED = 200
"""Records of which the stock Enforcer is asked: it takes its time."""
FEW, MANY = 30_000, 150_000
"""Both are more than what is remembered."""


def scenes(setting: Setting) -> Iterator[Scene]:
    """On Placement's default rules; memory on one that looks at what differs in all records.

    :raises RuntimeError: if the two do not agree, since then nothing is compared.
    """
    snapshot = logs.policy(setting.folder)
    lines = list(logs.some(RECORDS))
    records = [_read(line) for line in lines]
    theirs = _asked(setting.folder, records[:ASKED])
    ours = Replay(snapshot, logs.BODIES)
    _replay(ours, records[:ASKED])
    if (ours.same[True], ours.flips.lost) != (sum(theirs()), ASKED - sum(theirs())):
        raise RuntimeError("the two do not agree on what is newly denied")
    yield Scene(
        "replay",
        "a recorded request, decided again",
        (
            Run("replay, parsed", _each(RECORDS, lambda: _fresh(snapshot, records))),
            Run("replay", _each(RECORDS, lambda: _fresh(snapshot, map(_read, lines)))),
            Run("Enforcer.authorize", _each(ASKED, theirs)),
        ),
    )
    yield Scene(
        "replay memory",
        "records that are unlike each other, all newly denied",
        tuple(Run(f"{count:,}", partial(_peak, setting.folder, count)) for count in (FEW, MANY)),
        share=0.4,
    )


def _read(line: bytes) -> Record:
    found = record_of(line)
    if not isinstance(found, dict):
        raise TypeError(f"no record: {line!r}")
    return found


def _fresh(snapshot: PolicySnapshot, records: Sequence[Record]) -> None:
    _replay(Replay(snapshot, logs.BODIES), records)


def _replay(replay: Replay, records: Sequence[Record]) -> None:
    for number, one in enumerate(records, start=1):
        replay.take("audit.jsonl", number, one)


def _asked(folder: Path, records: Sequence[Record]) -> Callable[[], list[bool]]:
    """Asks a stock Enforcer what our credentials would be asked."""
    enforcer = stock(folder / "replay.yaml")
    names = ("user_id", "project_id", "roles")
    questions = [
        (one["operation"], one["target"], {name: one[name] for name in names}) for one in records
    ]
    return lambda: [bool(enforcer.authorize(*each)) for each in questions]


def _each(count: int, call: Callable[[], object]) -> Callable[[], Values]:
    """A round of so many records: milliseconds of one, and how many a second of CPU."""
    measure = timed(call, 1)

    def each() -> Values:
        found = {name: value / count for name, value in measure().items()}
        return {**found, "throughput": 1000 / found["cpu"]}

    return each


def _peak(folder: Path, count: int) -> Values:
    """In a process of its own, since a process keeps what it has once held."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bench.apps.replaying", str(folder), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return {"peak": float(done.stdout), "time": (time.perf_counter() - began) * 1000}
