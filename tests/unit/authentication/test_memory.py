from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
import time_machine

from policy_proxy.authentication.memory import NOBODY, Memory, Validated
from policy_proxy.config.identity_cache import OFF, IdentityCacheSettings
from policy_proxy.errors import Unavailable
from policy_proxy.model import Identity

ALICE = Identity(user_id="alice")
FOREVER = float("inf")
SHORT = IdentityCacheSettings(ttl=0.05, refusal_ttl=60, size=100)
OVER = SHORT.ttl + 0.05


def remembering(**changes):
    return Memory(IdentityCacheSettings(**({"ttl": 60, "refusal_ttl": 60, "size": 100} | changes)))


class Keystone:
    """Answers with what it is given, and counts how often it is asked."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = 0

    def __call__(self):
        self.asked += 1
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_identity_is_remembered_wherever_its_caller_goes():
    memory, keystone = remembering(), Keystone(Validated(ALICE, FOREVER))
    for place in ("GET /a", "GET /b", "PUT /a"):
        assert memory.identity("t ", place, keystone) is ALICE
    assert keystone.asked == 1


def test_another_token_or_another_service_token_is_somebody_else():
    memory, keystone = remembering(), Keystone(Validated(ALICE, FOREVER))
    for tokens in ("t ", "u ", "t s", "ts ", " ts"):
        memory.identity(tokens, "GET /a", keystone)
    assert keystone.asked == 5


@pytest.mark.parametrize(
    ("settings", "until"),
    [
        ({}, 0),
        ({}, 1.5e9),  # long ago
        ({"ttl": 0}, FOREVER),
    ],
)
def test_what_must_not_be_remembered_is_asked_again(settings, until):
    memory, keystone = remembering(**settings), Keystone(Validated(ALICE, until))
    for _ in range(3):
        assert memory.identity("t ", "GET /a", keystone) is ALICE
    assert keystone.asked == 3


@pytest.mark.parametrize(("ttl", "lifetime"), [(0.05, FOREVER), (60, 0.05)])
def test_it_is_forgotten_after_its_time_and_never_outlives_the_token(ttl, lifetime):
    memory = remembering(ttl=ttl)
    keystone = Keystone(Validated(ALICE, time.time() + lifetime), None)
    assert memory.identity("t ", "GET /a", keystone) is ALICE
    time.sleep(0.1)
    assert memory.identity("t ", "GET /a", keystone) is None


class Documents:
    """Where validations read: whether it is still there, and how often that was looked up."""

    def __init__(self):
        self.there = True
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.there


def test_what_another_validation_would_repeat_holds_for_as_long_again():
    memory, documents = Memory(SHORT, documents_last=60), Documents()
    keystone = Keystone(Validated(ALICE, FOREVER, documents), NOBODY)
    for _ in range(3):
        assert memory.identity("t ", "GET /a", keystone) is ALICE
        time.sleep(OVER)
    assert (documents.looks, keystone.asked) == (2, 1)
    documents.there = False
    assert memory.identity("t ", "GET /a", keystone) is None
    documents.there = True
    assert memory.identity("t ", "GET /a", keystone) is None
    assert keystone.asked == 2


def test_callers_who_come_when_its_time_is_over_do_not_ask():
    memory, documents = Memory(SHORT, documents_last=60), Documents()
    memory.identity("t ", "GET /a", Keystone(Validated(ALICE, FOREVER, documents)))
    time.sleep(OVER)
    never = Slow(NOBODY)
    assert at_once(memory, never, ["GET /a"] * 8) == [ALICE] * 8
    assert documents.looks
    assert never.asked == 0


def test_documents_vouch_for_nobody_longer_than_they_last():
    memory = Memory(SHORT, documents_last=0.1)
    keystone = Keystone(Validated(ALICE, FOREVER, lambda: True))
    for _ in range(2):
        memory.identity("t ", "GET /a", keystone)
        time.sleep(0.1 + OVER)
    assert keystone.asked == 2


def test_documents_vouch_for_no_token_that_has_expired_by_the_clock_of_today():
    memory, documents = Memory(SHORT, documents_last=60), Documents()
    keystone = Keystone(Validated(ALICE, time.time() + 60, documents), NOBODY)
    assert memory.identity("t ", "GET /a", keystone) is ALICE
    time.sleep(OVER)
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), tick=True):
        assert memory.identity("t ", "GET /a", keystone) is None
    assert documents.looks == 0


def test_a_refusal_is_remembered_for_its_own_place_alone():
    memory = remembering()
    keystone = Keystone(None, Validated(ALICE, 0))
    assert memory.identity("t ", "GET /forbidden", keystone) is None
    assert memory.identity("t ", "GET /forbidden", keystone) is None
    assert memory.identity("t ", "GET /a", keystone) is ALICE
    assert keystone.asked == 2


def test_tokens_that_nobody_has_are_refused_wherever_they_come():
    memory, keystone = remembering(), Keystone(NOBODY)
    for place in ("GET /a", "GET /b", "PUT /a"):
        assert memory.identity("t ", place, keystone) is None
    assert keystone.asked == 1


def test_callers_with_one_token_that_nobody_has_are_one_call():
    keystone = Slow(NOBODY)
    assert at_once(remembering(), keystone, [f"GET /{n}" for n in range(8)]) == [None] * 8
    assert keystone.asked == 1


def test_a_refusal_is_soon_forgotten():
    memory, keystone = remembering(refusal_ttl=0.05), Keystone(None, Validated(ALICE, 0))
    assert memory.identity("t ", "GET /a", keystone) is None
    time.sleep(0.1)
    assert memory.identity("t ", "GET /a", keystone) is ALICE


def test_what_cannot_be_asked_is_not_remembered():
    memory = remembering()
    keystone = Keystone(Unavailable("x"), Validated(ALICE, FOREVER))
    with pytest.raises(Unavailable):
        memory.identity("t ", "GET /a", keystone)
    assert memory.identity("t ", "GET /a", keystone) is ALICE


def test_nothing_is_remembered_when_it_is_off():
    memory, keystone = Memory(OFF), Keystone(None, Validated(ALICE, FOREVER), None)
    assert [memory.identity("t ", "GET /a", keystone) for _ in range(3)] == [None, ALICE, None]


@pytest.mark.parametrize("answer", [None, Validated(ALICE, FOREVER)])
def test_what_is_remembered_is_bounded(answer):
    memory = remembering(size=10)
    for number in range(100):
        memory.identity(f"{number} ", f"GET /{number}", Keystone(answer))
    assert len(memory._known) + len(memory._refused) <= 10
    assert memory._asked == {}


class Slow:
    """A Keystone that takes until it is let go."""

    def __init__(self, answer):
        self.asked = 0
        self._answer = answer
        self._counting = threading.Lock()
        self.go = threading.Event()

    def __call__(self):
        with self._counting:
            self.asked += 1
        assert self.go.wait(10)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def at_once(memory, keystone, places):
    """Ask from as many threads as there are places, with one token."""
    found = []

    def ask(place):
        try:
            found.append(memory.identity("t ", place, keystone))
        except Unavailable as error:
            found.append(error)

    threads = [threading.Thread(target=ask, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    keystone.go.set()
    for thread in threads:
        thread.join(10)
    assert len(found) == len(places)
    return found


def test_callers_with_one_token_are_one_call():
    keystone = Slow(Validated(ALICE, FOREVER))
    assert at_once(remembering(), keystone, [f"GET /{n}" for n in range(8)]) == [ALICE] * 8
    assert keystone.asked == 1


def test_a_keystone_that_cannot_be_asked_is_not_asked_by_each_of_them():
    keystone = Slow(Unavailable("x"))
    found = at_once(remembering(), keystone, ["GET /a"] * 8)
    assert {type(error) for error in found} == {Unavailable}
    assert keystone.asked == 1


def test_what_is_about_one_request_is_not_shared_with_another():
    keystone = Slow(Validated(ALICE, 0))
    assert at_once(remembering(), keystone, ["GET /a"] * 8) == [ALICE] * 8
    assert keystone.asked == 8
