"""Placement as its own gabbi suite configures it, served over a socket, and a count at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.gabbi_cloud import Cloud, clouded
from harness.gabbi_suite import UNSENDABLE, Outcome


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with clouded() as cloud:
        yield cloud


@pytest.fixture
def count(record_property):
    """Called with the way that a file took and its outcome; what is wrong fails the test."""

    def counting(way: str, outcome: Outcome) -> None:
        record_property("gabbi", [way, outcome.total, outcome.passed, len(outcome.wrong)])
        report = "\n\n".join(f"{name}: {text}" for name, text in outcome.wrong.items())
        assert not outcome.wrong, report

    return counting


def pytest_terminal_summary(terminalreporter):
    ways: dict[str, list[list[int]]] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "gabbi":
                ways.setdefault(value[0], []).append(value[1:])
    for way, counts in ways.items():
        total, passed, wrong = map(sum, zip(*counts, strict=True))
        terminalreporter.write_line(
            f"gabbi {way}: {passed} of {total + len(UNSENDABLE)} pass, "
            f"{total - passed - wrong} differ as listed, {wrong} are wrong, "
            f"{len(UNSENDABLE)} cannot be sent"
        )
