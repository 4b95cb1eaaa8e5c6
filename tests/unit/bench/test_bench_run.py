"""A run goes on when a part of it fails, and says which."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from bench import parts
from bench.parts import Part
from bench.rounds import Run, Scene
from bench.run import Plan, run

SCENE = Scene("s", "words", (Run("a", lambda: {"number": 1.0}),))


class Silent:
    def part(self, words):
        pass

    def part_done(self):
        pass

    def scene(self, words, steps):
        return lambda _: None


@pytest.fixture
def known(monkeypatch):
    """Has a part of the benchmark be a generator of scenes."""

    def add(name, scenes):
        module = ModuleType(f"bench.parts.{name}")
        module.scenes = scenes
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(parts.PARTS, name, Part("words", tokens=0))

    return add


def test_what_was_measured_before_and_after_a_failure_is_kept(known, tmp_path):
    def broken(setting):
        yield SCENE
        raise RuntimeError("it broke")

    known("broken", broken)
    known("whole", lambda setting: (SCENE for _ in "ab"))
    failed = {}

    found = list(run(Plan(("broken", "whole"), 1, 1, quick=True), tmp_path, Silent(), failed))

    assert [one.name for one in found] == ["s", "s", "s"]
    assert failed == {"broken": "it broke"}


def test_a_part_that_is_left_in_the_middle_cleans_up(known, tmp_path):
    ended = []

    def started(setting):
        try:
            yield SCENE
        finally:
            ended.append(True)

    known("started", started)
    running = run(Plan(("started",), 1, 1, quick=True), tmp_path, Silent(), {})
    next(running)
    running.close()

    assert ended == [True]
