"""What the proxy has to reach, as data: each a ratio of what one run measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bench.rounds import Measured, Spread, spread

Pick = Callable[[str, str, str], float]
"""Given a scene, a candidate and a quantity, what was measured."""
AT_LEAST, AT_MOST = "at least", "at most"


class NotMeasured(Exception):
    """Something that a target needs was not measured, or went wrong."""


@dataclass(frozen=True, slots=True)
class Target:
    """`sense` is `AT_LEAST` or `AT_MOST`.

    :param cpus: without as many, load generator and backend share the candidate's own, and what
        comes out says nothing.
    """

    words: str
    sense: str
    bound: float
    formula: Callable[[Pick], float]
    unit: str = ""
    cpus: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """A target and what was reached; `share` is how much of the bound that is. `good` is None, with
    the reason, if it cannot be said.
    """

    target: Target
    reached: Spread | None
    good: bool | None
    why: str = ""

    @property
    def share(self) -> float | None:
        return self.reached.median / self.target.bound if self.reached else None


def _throughput(scene: str, ours: str, other: str) -> Callable[[Pick], float]:
    return lambda pick: pick(scene, ours, "throughput") / pick(scene, other, "throughput")


def _latency(scene: str, ours: str) -> Callable[[Pick], float]:
    return lambda pick: pick(scene, ours, "p99")


def _added_latency(pick: Pick) -> float:
    ours, bare, plain = (pick(ONE, name, "p50") for name in ("ours", "bare", "nginx plain"))
    return (ours - plain) / (bare - plain)


def _decision(pick: Pick) -> float:
    """Of the operation that gains least."""
    scenes = [f"decision/placement:{name}" for name in DECISIONS]
    return min(pick(s, "Enforcer.authorize", "cpu") / pick(s, "compiled", "cpu") for s in scenes)


def _added_cpu(scene: str, ours: str) -> Callable[[Pick], float]:
    def formula(pick: Pick) -> float:
        added = pick(scene, ours, "cpu") - pick(scene, "bare", "cpu")
        return added / pick(scene, "json.loads", "cpu")

    return formula


MIDDLE = "load/GET 1 kB/16/100/0"
ONE = "load/GET 1 kB/1/100/0"
OVERLOADS = ((0, ""), (50, ", backend 50 ms"))
DECISIONS = ("resource_providers:list", "usages", "allocations:update")

TARGETS = (
    Target("ours / bare", AT_LEAST, 0.75, _throughput(MIDDLE, "ours", "bare")),
    *(
        Target(
            f"ours / bare, backend {delay} ms, 128 connections",
            AT_LEAST,
            0.95,
            _throughput(f"load/GET 1 kB/128/100/{delay}", "ours", "bare"),
        )
        for delay in (10, 50)
    ),
    Target("ours / stock", AT_LEAST, 10, _throughput(MIDDLE, "ours", "stock")),
    Target("ours / (nginx + stock)", AT_LEAST, 3, _throughput(MIDDLE, "ours", "nginx + stock")),
    Target("ours / (Envoy + stock)", AT_LEAST, 3, _throughput(MIDDLE, "ours", "Envoy + stock")),
    Target("added latency, (ours - plain) / (bare - plain)", AT_MOST, 1.5, _added_latency),
    Target(
        "Placement through ours / direct",
        AT_LEAST,
        0.97,
        _throughput("placement", "Placement through ours", "Placement"),
    ),
    Target("Enforcer.authorize / compiled, CPU of a decision", AT_LEAST, 30, _decision),
    Target(
        "replay, parsed records a second of CPU",
        AT_LEAST,
        200_000,
        lambda pick: pick("replay", "replay, parsed", "throughput"),
        unit="/s",
    ),
    Target(
        "Enforcer.authorize / replay, CPU of a record",
        AT_LEAST,
        10,
        lambda pick: pick("replay", "Enforcer.authorize", "cpu") / pick("replay", "replay", "cpu"),
    ),
    Target(
        "replay, memory for 150,000 records / 30,000",
        AT_MOST,
        1.1,
        lambda pick: (
            pick("replay memory", "150,000", "peak") / pick("replay memory", "30,000", "peak")
        ),
    ),
    Target(
        "ours with a candidate on trial / ours",
        AT_LEAST,
        0.97,
        _throughput("savings/0", "ours, a candidate on trial", "ours"),
    ),
    Target(
        "10,000 rules / 40 rules, time of a request",
        AT_MOST,
        1.1,
        _throughput("rules", "ours", "ours, 10,000 rules"),
    ),
    Target(
        "10,000 tokens / 1 token, time of a request",
        AT_MOST,
        1.3,
        lambda pick: (
            pick("tokens/1", "ours", "throughput") / pick("tokens/10000", "ours", "throughput")
        ),
    ),
    Target(
        "CPU that 2 MB add / json.loads, looked into",
        AT_MOST,
        1.2,
        _added_cpu("bodies/looked into", "ours, looking"),
    ),
    Target(
        "CPU that 2 MB add / json.loads, not looked into",
        AT_MOST,
        0.1,
        _added_cpu("bodies/not looked into", "ours"),
    ),
    Target(
        "16 answers of 20 MB, memory over idle",
        AT_MOST,
        40,
        lambda pick: pick("memory", "ours", "over idle"),
        unit="MiB",
    ),
    Target(
        "p99 of small GETs, streaming / alone",
        AT_MOST,
        3,
        lambda pick: pick("streams", "ours, streaming", "p99") / pick("streams", "ours", "p99"),
    ),
    *(
        Target(
            f"accepted under 10 times the load / at the peak{words}",
            AT_LEAST,
            0.8,
            _throughput(f"overload/{delay}", "ours, overload", "ours, peak"),
        )
        for delay, words in OVERLOADS
    ),
    *(
        Target(
            f"p99 under 10 times the load{words}",
            AT_MOST,
            5000,  # [limits] queue_timeout
            _latency(f"overload/{delay}", "ours, overload"),
            unit="ms",
        )
        for delay, words in OVERLOADS
    ),
    Target(
        "2 workers / 1 worker",
        AT_LEAST,
        1.7,
        _throughput("workers", "ours, 2 workers", "ours"),
        cpus=4,
    ),
    Target("start to ready", AT_MOST, 2, lambda pick: pick("start", "ours", "seconds"), unit="s"),
)


def judge(measured: Iterable[Measured], cpus: int) -> list[Judged]:
    """Each target, by the medians of this run, and by each of its rounds for the spread."""
    scenes = {scene.name: scene for scene in measured}
    return [_judged(target, scenes, cpus) for target in TARGETS]


def _judged(target: Target, scenes: Mapping[str, Measured], cpus: int) -> Judged:
    looked: list[int] = []
    try:
        median = target.formula(_medians(scenes, looked))
    except NotMeasured as error:
        return Judged(target, None, None, str(error))
    each = [target.formula(_of_round(scenes, number)) for number in range(min(looked))]
    reached = Spread(median, min(*each, median), max(*each, median))
    if cpus < target.cpus:
        why = f"not judged: {cpus} CPUs are too few"
        return Judged(target, reached, None, why)
    good = median >= target.bound if target.sense == AT_LEAST else median <= target.bound
    return Judged(target, reached, good)


def _medians(scenes: Mapping[str, Measured], looked: list[int]) -> Pick:
    """Notes in `looked` how many rounds there are of each."""

    def pick(scene: str, candidate: str, quantity: str) -> float:
        values = _values(scenes, scene, candidate, quantity)
        looked.append(len(values))
        return spread(values).median

    return pick


def _of_round(scenes: Mapping[str, Measured], number: int) -> Pick:
    return lambda scene, candidate, quantity: _values(scenes, scene, candidate, quantity)[number]


def _values(
    scenes: Mapping[str, Measured], scene: str, candidate: str, quantity: str
) -> list[float]:
    found = scenes[scene].rounds.get(candidate, {}) if scene in scenes else {}
    if quantity not in found:
        raise NotMeasured("not measured")
    if any(found.get("failures", ())):
        raise NotMeasured(f"{candidate} failed some requests")
    return found[quantity]
