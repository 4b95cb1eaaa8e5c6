"""When Keystone counts as failing, and who may ask it then."""

from __future__ import annotations

import pytest

from policy_proxy.authentication import caution as cautions
from policy_proxy.authentication.caution import IN_A_ROW, PAUSE, Caution, NotAsked


class Clock:
    """The monotonic clock, which goes on when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(cautions, "time", made)
    return made


@pytest.fixture
def caution(clock):
    return Caution(at_once=16, refusals=100)


def lets_in(caution):
    """Whether one may ask; who may is done at once, and has not said with what."""
    try:
        caution.enter()
    except NotAsked:
        return False
    caution.leave()
    return True


def test_no_answer_is_a_failure_at_once(caution):
    unbroken = caution.unbroken()
    caution.failed(answered=False)
    assert not lets_in(caution)
    assert not unbroken()


def test_useless_answers_are_one_only_in_a_row(caution):
    unbroken = caution.unbroken()
    for _ in range(IN_A_ROW - 1):
        caution.failed(answered=True)
        assert lets_in(caution)
    assert unbroken()
    caution.failed(answered=True)
    assert not lets_in(caution)
    assert not unbroken()


def test_a_good_answer_between_begins_anew(caution):
    for _ in range(5):
        for _ in range(IN_A_ROW - 1):
            caution.failed(answered=True)
        caution.worked()
    assert lets_in(caution)


@pytest.mark.parametrize("answered", [False, True])
def test_one_asks_after_each_pause_and_one_more_failure_is_enough(caution, clock, answered):
    """However it began, and whatever comes of the one who tries."""
    for _ in range(IN_A_ROW):
        caution.failed(answered=answered)
    for again in (True, False, True):
        clock.now += PAUSE
        assert [lets_in(caution) for _ in range(3)] == [True, False, False]
        caution.failed(answered=again)
        assert not lets_in(caution)
    clock.now += PAUSE
    assert lets_in(caution)
    caution.worked()
    assert all(lets_in(caution) for _ in range(3))
    caution.failed(answered=True)
    assert lets_in(caution)
