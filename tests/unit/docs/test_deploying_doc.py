"""The index of ways of deploying tells what the kept run measured, and no more."""

from __future__ import annotations

import json

import pytest

from bench.candidates import CANDIDATES, fronts, servers
from docs_from_code import deploying
from docs_from_code.deploying import KINDS, NOT_MEASURED

WAYS = [way for _, _, ways in KINDS.values() for way in ways]


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A kept run in which every way was measured: the n-th with n times 100 requests a second."""
    rounds = {}
    for number, way in enumerate(WAYS, 1):
        values = {"throughput": [number * 100.0], "p99": [number * 1.5]}
        rounds.setdefault(way.scene, {})[way.candidate] = values
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"scenes": [{"name": n, "rounds": r} for n, r in rounds.items()]}))
    monkeypatch.setattr(deploying, "MEASURED", path)


def test_every_way_is_one_that_the_benchmark_measures():
    assert {way.candidate for way in WAYS} <= CANDIDATES.keys()
    assert {way.candidate for way in WAYS} >= {*servers.NAMES.values(), *fronts.NAMES.values()}


def test_what_the_kept_run_did_not_measure_is_said_to_be_so(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    path.write_text('{"scenes": []}')
    monkeypatch.setattr(deploying, "MEASURED", path)

    assert deploying.page().count(f"| {NOT_MEASURED} |") == len(WAYS)


@pytest.mark.usefixtures("measured")
def test_each_way_has_its_throughput_and_its_share():
    text = deploying.page()

    assert NOT_MEASURED not in text
    lines = [line for line in text.splitlines() if line.startswith("| ") and "%" in line]
    assert len(lines) == len(WAYS)
    assert lines[0].endswith("| 100 | 100% | 1.5 |")
    assert lines[1].endswith("| 200 | 200% | 3 |")
