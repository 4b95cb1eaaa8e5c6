"""`make bench`, in one short round: that it runs, and says what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_each_comparison_is_printed_and_written(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "bench", "--rounds", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    written = json.loads((tmp_path / "build" / "bench" / "results.json").read_text())
    assert len(written["results"]) == 5
    for result in written["results"]:
        assert result["question"] in finished.stdout
        assert result["ratio"] > 0
        for timing in (result["ours"], result["other"]):
            assert 0 < timing["least"] <= timing["median"] <= timing["most"]
