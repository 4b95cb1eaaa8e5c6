"""The parts that were asked for, one after the other."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import rounds
from bench.parts import PARTS, Setting
from bench.progress import Shown
from bench.rounds import Measured
from policy_proxy.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Plan:
    """`rounds` of `seconds` each, of the parts with these names."""

    parts: Sequence[str]
    rounds: int
    seconds: int
    quick: bool


def needs_world(plan: Plan) -> bool:
    """Whether anything is started for it at all."""
    return any(PARTS[name].tokens for name in plan.parts)


def run(plan: Plan, folder: Path, shown: Shown, failed: dict[str, str]) -> Iterator[Measured]:
    """Measure them. What is started is stopped again when this ends or is closed.

    :param failed: gets the parts that could not be measured to their end, and why.
    :raises policy_proxy.errors.ConfigurationError: if what all parts need cannot be started.
    """
    with ExitStack() as stack:
        world: Any = None
        if needs_world(plan):
            shown.part("Starting Keystone, memcached and the backend, issuing tokens")
            module = importlib.import_module("bench.world")
            count = max(PARTS[name].tokens for name in plan.parts)
            world = stack.enter_context(module.running(folder, count))
        setting = Setting(folder, world, plan.seconds, plan.quick)
        for name in plan.parts:
            shown.part(PARTS[name].words)
            try:
                yield from _part(name, setting, plan.rounds, shown)
            except (ConfigurationError, RuntimeError) as error:
                failed[name] = str(error)
            shown.part_done()


def _part(name: str, setting: Setting, count: int, shown: Shown) -> Iterator[Measured]:
    module = importlib.import_module(f"bench.parts.{name}")
    with contextlib.closing(module.scenes(setting)) as found:
        for scene in found:
            steps = len(scene.runs) * (rounds.count(scene, count) + 1)
            yield rounds.measure(scene, count, shown.scene(scene.words, steps))
