"""Each target runs once; at the end, what became of each case on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from attack.targets import TARGETS, Target, World, running
from harness.keystone import Keystone


@pytest.fixture(scope="session")
def world(keystone: Keystone, keystone_url: str, password: str) -> World:
    return World(keystone, keystone_url, password)


@pytest.fixture(scope="session")
def target_named(world, tmp_path_factory) -> Iterator:
    """Gives a running target by its name, started when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, Target] = {}

        def named(name: str) -> Target:
            if name not in started:
                folder = tmp_path_factory.mktemp(name.replace(" ", ""))
                started[name] = stack.enter_context(running(name, world, folder))
            return started[name]

        yield named


@pytest.fixture
def grid(record_property):
    """Called with a cell of the grid: the case, the target, and what was seen."""
    return lambda case, target, cell: record_property("attack", [case, target, cell])


def pytest_terminal_summary(terminalreporter):
    cells: dict[str, dict[str, str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "attack":
                    case, target, cell = value
                    mark = "" if outcome == "passed" else "!"
                    cells.setdefault(case, {})[target] = f"{mark}{cell}"
    if cells:
        _print(terminalreporter, cells)


def _print(terminalreporter, cells: dict[str, dict[str, str]]) -> None:
    columns = [name for name in TARGETS if any(name in row for row in cells.values())]
    width = max(map(len, cells))
    terminalreporter.section("attacks: what the client saw; + where the backend was asked")
    terminalreporter.write_line(" ".join([" " * width, *(f"{name[:9]:>9}" for name in columns)]))
    for case, row in sorted(cells.items()):
        line = " ".join(f"{row.get(name, '-'):>9}" for name in columns)
        terminalreporter.write_line(f"{case:{width}} {line}")
