from __future__ import annotations

import threading
import time

from policy_proxy.places import Places


def timed(places):
    began = time.monotonic()
    return places.take(), time.monotonic() - began


def test_as_many_as_there_are_and_no_more():
    places = Places(2, patience=0.05)
    assert [places.take() for _ in range(3)] == [True, True, False]
    places.give_back()
    assert [places.take() for _ in range(2)] == [True, False]


def test_one_waits_for_a_place_that_is_given_back():
    places = Places(1, patience=10)
    assert places.take()
    threading.Timer(0.1, places.give_back).start()
    found, seconds = timed(places)
    assert found
    assert seconds >= 0.05


def test_nobody_waits_long_where_there_was_none_for_long():
    places = Places(1, patience=0.3, hurry=0.01)
    assert places.take()
    assert not timed(places)[0]
    found, seconds = timed(places)
    assert not found
    assert seconds < 0.3


def test_patience_comes_back_with_a_free_place():
    places = Places(1, patience=0.2, hurry=0)
    assert places.take()
    places.take()
    places.take()
    places.give_back()
    assert places.take()
    _, seconds = timed(places)
    assert seconds >= 0.2


def test_a_crowd_is_refused_at_a_steady_rate():
    """Ten wait, two may be refused in the time of a hurry: so the last waits for five of them."""
    places = Places(1, patience=2, hurry=0.05, crowd=2)
    places.take()
    places._full_since = time.monotonic() - 10
    waited = []
    threads = [threading.Thread(target=lambda: waited.append(timed(places))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {found for found, _ in waited} == {False}
    assert max(seconds for _, seconds in waited) >= 0.24


def test_nobody_waits_where_nothing_moves():
    places = Places(1, patience=10, hurry=10, stall=0.05)
    places.take()
    found, seconds = timed(places)
    assert not found
    assert seconds < 5


def test_who_lent_a_place_gets_one_however_long_it_takes():
    places = Places(1, patience=0)
    assert places.take()
    with places.lent():
        assert places.take()
        threading.Timer(0.1, places.give_back).start()
    assert not places.take()


def test_many_threads_never_hold_more_than_there_are():
    places, lock, holding, most = Places(3, patience=5), threading.Lock(), [0], [0]

    def work():
        for _ in range(200):
            assert places.take()
            with lock:
                holding[0] += 1
                most[0] = max(most[0], holding[0])
            with lock:
                holding[0] -= 1
            places.give_back()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 3
    assert [places.take() for _ in range(3)] == [True] * 3
