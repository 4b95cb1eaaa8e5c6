"""The clocks at the layers: each layer is charged what it uses itself."""

from __future__ import annotations

import itertools

import pytest

from bench.apps import timed


@pytest.fixture
def ticking(monkeypatch):
    """CPU time that goes on by one nanosecond with every look at it."""
    ticks = itertools.count()
    monkeypatch.setattr(timed.time, "thread_time_ns", lambda: next(ticks))
    monkeypatch.setattr(timed, "_write", lambda: None)
    monkeypatch.setattr(timed, "ALL", [])
    monkeypatch.setattr(timed, "_LOCAL", timed.threading.local())
    return lambda count: [next(ticks) for _ in range(count)]


def test_a_layer_is_not_charged_for_the_layers_within_it(ticking):
    class Inner:
        def __call__(self, environ, start_response):
            ticking(10)
            raise LookupError

    class Outer:
        def __call__(self, environ, start_response):
            ticking(5)
            try:
                Inner()(environ, start_response)
            except LookupError:
                ticking(2)
            return [b""]

    for layer in (Inner, Outer):
        timed.clock(layer)

    assert Outer()({}, None) == [b""]
    (used,) = timed.ALL
    # and one for each time that a clock is read before the other has begun, or after it has ended
    assert used == {"Inner": 11, "Outer": 5 + 2 + 2}


def test_every_layer_of_the_chain_has_a_clock():
    names = {layer.__name__ for layer in timed.layers()}
    assert {"RequestId", "ErrorBarrier", "Audit", "Admission", "Enforce", "Forward"} <= names
    assert "Chain" not in names
