"""When all workers are taken to have a policy in force."""

from __future__ import annotations

import random

import pytest

from policy_proxy.policy.promotion.workers import (
    FOR_EACH,
    LEAST,
    Heard,
    Untold,
    agreed,
    differs,
    heard,
    too_few,
)

NEW = "e4e08133d4049f28"
GOOD = {
    "ready": True,
    "reasons": [],
    "worker": 7,
    "policy": {"state": "in force", "revision": NEW},
}


def streak(*workers, times=1):
    return [Heard(worker, NEW) for worker in workers * times]


def test_what_a_worker_says_is_understood():
    assert heard(GOOD) == Heard(7, NEW)


def test_a_worker_without_a_policy_and_one_that_refuses_are_understood():
    nothing = {**GOOD, "ready": False, "policy": {"state": "not loaded", "revision": None}}
    refusing = {"revision": NEW, "refused_revision": "b", "because": ["line 1 is bad"]}

    assert heard(nothing) == Heard(7, "")
    assert heard({**GOOD, "policy": refusing}) == Heard(7, NEW, "b", ("line 1 is bad",))


@pytest.mark.parametrize("document", [None, [], "ready", {}, {"versions": []}])
def test_what_is_no_answer_of_the_proxy_is_none(document):
    with pytest.raises(Untold, match="no policy-proxy"):
        heard(document)


def test_the_short_answer_for_others_says_what_to_do():
    with pytest.raises(Untold, match="trusted_addresses"):
        heard({"ready": True, "reasons": []})


def test_one_worker_must_say_it_often_in_case_there_are_more():
    assert not agreed(streak(1, times=LEAST - 1), 1)
    assert agreed(streak(1, times=LEAST), 1)


def test_every_worker_must_have_answered():
    assert not agreed(streak(1, 2, times=LEAST), 3)
    assert agreed(streak(1, 2, 3, times=LEAST), 3)


def test_many_workers_must_answer_more_often():
    workers = range(1, 11)

    assert not agreed(streak(*workers, times=FOR_EACH - 1), 10)
    assert agreed(streak(*workers, times=FOR_EACH), 10)


def test_a_worker_more_than_expected_is_no_reason_to_wait():
    assert agreed(streak(1, 2, 3, times=LEAST), 2)


@pytest.mark.parametrize(("said", "workers"), [(1, 2), (1, 4), (8, 9), (16, 17)])
def test_a_worker_that_lags_behind_is_hardly_ever_passed_over(said, workers):
    """One of them still has the old policy, and each answer comes from any of them.

    :param said: how many there are said to be.
    """
    chance = random.Random(20261125)
    passed_over = 0
    for _ in range(300):
        answers = [chance.randrange(workers) for _ in range(max(LEAST, FOR_EACH * said))]
        passed_over += 0 not in answers

    assert passed_over == 0


def test_another_revision_is_told_by_the_worker_that_has_it():
    assert differs(Heard(7, NEW), NEW) == ""
    assert differs(Heard(7, "old"), NEW) == "worker 7 has revision old in force"
    assert differs(Heard(7, ""), NEW) == "worker 7 has revision none in force"


def test_too_few_workers_are_told_by_name():
    assert too_few(streak(9, 7, 9), 3) == "2 of 3 workers have answered (7, 9): see --workers"
    assert "see --timeout" in too_few(streak(1, 2), 2)
