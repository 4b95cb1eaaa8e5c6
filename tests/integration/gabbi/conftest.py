"""Placement as its own gabbi suite configures it, served over a socket, and a count at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_urlsafe

import pytest

from harness.gabbi_suite import UNSENDABLE, Client, Outcome, PlacementUnderTest
from harness.keystone import Grant, Keystone
from harness.server import serving


@dataclass(frozen=True, slots=True)
class Cloud:
    """A Keystone and a Placement over sockets, the proxy's service user, the suite's client."""

    keystone_url: str
    placement_url: str
    placement: PlacementUnderTest
    client: Client
    proxy_user: str
    proxy_password: str = field(repr=False)
    proxy_grant: Grant


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    user, password = "policy-proxy", token_urlsafe()
    everything = Grant(user="admin", roles=("admin", "service"), project="service")
    keystone = Keystone({user: (password, everything)})
    placement = PlacementUnderTest(keystone)
    client = Client(keystone)
    with serving(keystone) as keystone_url, serving(placement) as url, client.client:
        yield Cloud(keystone_url, url, placement, client, user, password, everything)


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
