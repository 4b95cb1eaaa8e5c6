"""Targets are judged by the medians of one run, and by nothing that it did not measure."""

from __future__ import annotations

import pytest

from bench.rounds import Measured
from bench.targets import MIDDLE, ONE, TARGETS, judge


def scene(name, **candidates):
    return Measured(name, "words", {}, {who.replace("_", " "): v for who, v in candidates.items()})


def judged(words, *scenes, cpus=2):
    return next(one for one in judge(scenes, cpus) if one.target.words == words)


def rates(*values):
    return {"throughput": list(values), "failures": [0.0] * len(values)}


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds():
    found = judged("ours / bare", scene(MIDDLE, ours=rates(80, 90, 10), bare=rates(100, 100, 20)))

    assert (found.reached.median, found.reached.least, found.reached.most) == (0.8, 0.5, 0.9)
    assert found.good is True
    assert found.share == pytest.approx(0.8 / 0.75)


@pytest.mark.parametrize(("ours", "good"), [(74, False), (75, True), (76, True)])
def test_at_least_means_the_bound_itself_is_enough(ours, good):
    assert judged("ours / bare", scene(MIDDLE, ours=rates(ours), bare=rates(100))).good is good


@pytest.mark.parametrize(("seconds", "good"), [(1.9, True), (2.0, True), (2.1, False)])
def test_at_most_means_the_bound_itself_is_allowed(seconds, good):
    found = judged("start to ready", scene("start", ours={"seconds": [seconds]}))
    assert found.good is good


def test_added_latency_is_what_is_beyond_a_loopback_hop():
    p50 = {"ours": 0.5, "bare": 0.3, "nginx plain": 0.1}
    measured = Measured(ONE, "", {}, {name: {"p50": [value]} for name, value in p50.items()})

    found = judged("added latency, (ours - plain) / (bare - plain)", measured)

    assert found.reached.median == pytest.approx(2)


def test_what_was_not_measured_is_not_judged():
    assert [(one.good, one.reached) for one in judge([], 2)] == [(None, None)] * len(TARGETS)


def test_a_candidate_that_failed_requests_is_not_judged():
    failing = {"throughput": [100.0, 100.0], "failures": [0.0, 3.0]}

    found = judged("ours / bare", scene(MIDDLE, ours=rates(90, 90), bare=failing))

    assert (found.good, found.why) == (None, "bare failed some requests")


@pytest.mark.parametrize(("cpus", "good"), [(2, None), (4, True)])
def test_two_workers_are_judged_only_where_they_have_cpus_of_their_own(cpus, good):
    rounds = {"ours": rates(100), "ours, 2 workers": rates(180)}

    found = judged("2 workers / 1 worker", Measured("workers", "", {}, rounds), cpus=cpus)

    assert found.good is good
    assert found.reached.median == 1.8


def test_the_decision_that_gains_least_counts():
    scenes = [
        scene(f"decision/placement:{name}", compiled={"cpu": [1.0]})
        for name in ("resource_providers:list", "usages", "allocations:update")
    ]
    for one, theirs in zip(scenes, (50.0, 40.0, 60.0), strict=True):
        one.rounds["Enforcer.authorize"] = {"cpu": [theirs]}

    found = judged("Enforcer.authorize / compiled, CPU of a decision", *scenes)

    assert found.reached.median == 40
