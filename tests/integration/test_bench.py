"""`make bench`: that what needs no load generator runs, and says what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.parts import PARTS

TESTS = Path(__file__).parents[1]
ALONE = [name for name, part in PARTS.items() if not part.tokens]
"""Parts for which nothing is started, and nothing installed."""


def bench(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    only = [word for name in ALONE for word in ("--only", name)]
    done = bench(folder, "--rounds", "2", *only)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "build" / "bench" / "results.json").read_text())


def test_each_candidate_is_measured_in_each_round(finished):
    _, written = finished
    assert {scene["name"].partition("/")[0] for scene in written["scenes"]} == {
        "decision",
        "parsing",
        "replay",
        "replay memory",
    }
    for scene in written["scenes"]:
        assert len(scene["rounds"]) >= 2
        for values in scene["rounds"].values():
            assert len(values["time"]) == (1 if scene["name"] == "replay memory" else 2)
            assert min(values["time"]) > 0


def test_what_was_measured_is_printed(finished):
    printed, written = finished
    for scene in written["scenes"]:
        assert scene["words"] in printed


def test_targets_of_parts_that_did_not_run_are_said_to_be_unmeasured(finished):
    printed, written = finished
    judged = [row["target"] for row in written["targets"] if row["good"] is not None]
    assert judged == [
        "Enforcer.authorize / compiled, CPU of a decision",
        "replay, parsed records a second of CPU",
        "Enforcer.authorize / replay, CPU of a record",
        "replay, memory for 150,000 records / 30,000",
    ]
    assert printed.count("not measured") == len(written["targets"]) - len(judged)


def test_an_unknown_part_is_a_wrong_usage(tmp_path):
    assert bench(tmp_path, "--only", "nothing").returncode == 2
