from __future__ import annotations

import queue
import threading

import pytest

from policy_proxy.policy.rounds import Rounds

PATIENCE = 30
NEVER = 3600.0


@pytest.fixture
def done():
    return queue.Queue()


def test_a_round_is_done_from_time_to_time_and_one_that_fails_is_told(done):
    def failing():
        raise OSError

    rounds = Rounds("t", 0.01, due=failing, called=failing, failed=lambda: done.put("failed"))
    rounds.start()
    assert [done.get(timeout=PATIENCE) for _ in range(3)] == ["failed"] * 3
    rounds.stop()


def test_calls_that_wait_are_one(done):
    began, go_on = threading.Event(), threading.Event()

    def called():
        began.set()
        go_on.wait(PATIENCE)
        done.put("called")

    rounds = Rounds("t", NEVER, due=lambda: done.put("due"), called=called, failed=lambda: None)
    rounds.start()
    rounds.call()
    assert began.wait(PATIENCE)
    for _ in range(10):
        rounds.call()
    go_on.set()
    assert [done.get(timeout=PATIENCE) for _ in range(2)] == ["called"] * 2
    rounds.stop()
    assert done.empty()


def test_it_can_be_started_again_and_forgets_the_calls_before(done):
    rounds = Rounds("t", NEVER, due=lambda: None, called=lambda: done.put(1), failed=lambda: None)
    rounds.call()
    rounds.start()
    rounds.stop()
    assert done.empty()
    rounds.start()
    rounds.call()
    assert done.get(timeout=PATIENCE) == 1
    rounds.stop()
