"""A soak of a few seconds: every trouble that there is time for, and not one request too many."""

from __future__ import annotations

from soak.run import soak

SECONDS = 20.0


def test_nothing_is_lost_or_wrong_or_unrecorded(tmp_path):
    result = soak(tmp_path / "soak", SECONDS, clients=6, workers=2, seed=1)
    assert [name for name in result["failed"] if name != "growth"] == [], result["findings"]
    assert result["requests"] > 100
    assert result["writes done"] > 10
    assert result["denied"] > 10
    assert "restart" in result["troubles"]
    # What starts grows at first: that a worker stays as it is takes minutes to tell (docs/soak.md).
    assert "worker MiB" in result["sizes"]
