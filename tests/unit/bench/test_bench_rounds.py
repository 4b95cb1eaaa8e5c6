"""Candidates are measured in turns, none always first, and the median is what counts."""

from __future__ import annotations

from functools import partial

import pytest

from bench.rounds import Run, Scene, Spread, measure, spread


def run(name, log):
    def measured():
        log.append(name)
        return {"number": float(len(log))}

    return Run(name, measured, warm=partial(log.append, f"{name} warm"))


def test_all_are_warmed_up_and_then_take_turns():
    log = []
    scene = Scene("s", "words", tuple(run(name, log) for name in "abc"))

    found = measure(scene, 2, tick=lambda _: None)

    assert log == ["a warm", "b warm", "c warm", "a", "b", "c", "b", "c", "a"]
    assert found.rounds == {
        "a": {"number": [4.0, 9.0]},
        "b": {"number": [5.0, 7.0]},
        "c": {"number": [6.0, 8.0]},
    }


def test_each_step_is_announced():
    told = []
    scene = Scene("s", "words", (run("a", []),))

    measure(scene, 2, tick=told.append)

    assert told == ["a, warm-up", "a", "a"]


def test_a_spread_has_the_median_and_both_ends():
    assert spread([3.0, 1.0, 8.0]) == Spread(3.0, 1.0, 8.0)


def test_nothing_has_no_spread():
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])
