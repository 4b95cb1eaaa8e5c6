"""Each process has a core of its own, and every thread of it that serves keeps to that one."""

from __future__ import annotations

import multiprocessing
import os
import threading

import pytest

from policy_proxy.cores import Cores, OnOneCore

FORK = multiprocessing.get_context("fork")
ALL = os.sched_getaffinity(0)
FOUR = {2, 3, 5, 7}


@pytest.fixture
def four_cores(monkeypatch):
    """A machine with these, whatever this one has: which are given out is a matter of locks."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: FOUR)


@pytest.fixture(autouse=True)
def unbound():
    yield
    os.sched_setaffinity(0, ALL)


def taken_by_children(cores: Cores, count: int) -> list[int | None]:
    """What so many processes take, which end only when all have taken one."""
    answers, over = FORK.SimpleQueue(), FORK.Event()

    def child():
        answers.put(cores.take())
        over.wait()

    children = [FORK.Process(target=child) for _ in range(count)]
    for one in children:
        one.start()
    found = [answers.get() for _ in children]
    over.set()
    for one in children:
        one.join()
    return found


@pytest.mark.usefixtures("four_cores")
def test_no_two_processes_get_the_same_core_and_one_too_many_gets_none():
    found = taken_by_children(Cores(), len(FOUR) + 1)
    assert found.count(None) == 1
    assert {*found} - {None} == FOUR


@pytest.mark.usefixtures("four_cores")
def test_a_process_that_ended_leaves_its_core():
    cores = Cores()
    first = taken_by_children(cores, 1)
    assert taken_by_children(cores, 1) == first != [min(FOUR)]


def test_programs_that_know_nothing_of_each_other_do_not_all_take_the_same_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    taken = {Cores().take() for _ in range(20)}
    assert len(taken) > 1
    assert taken <= set(range(1, 8))


def test_where_no_locks_can_be_made_nobody_is_bound(monkeypatch):
    def forbidden(name):
        raise PermissionError(name)

    monkeypatch.setattr(os, "memfd_create", forbidden)
    assert Cores().take() is None


def test_there_is_nothing_to_choose_from_one_core():
    os.sched_setaffinity(0, {max(ALL)})
    assert Cores().take() is None


def test_threads_keep_to_the_core_from_their_first_call_on():
    core = max(ALL)
    seen = []

    def app(environ, start_response):
        seen.append(os.sched_getaffinity(0))
        return []

    wrapped = OnOneCore(app, core)

    def serve():
        seen.append(os.sched_getaffinity(0))
        wrapped({}, lambda status, headers: None)
        wrapped({}, lambda status, headers: None)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert seen == [ALL, {core}, {core}]
    assert os.sched_getaffinity(0) == ALL, "other threads stay where they like"


def test_a_core_that_is_no_longer_there_fails_no_request():
    gone = os.cpu_count() + 100
    with pytest.raises(OSError, match="Invalid argument"):
        os.sched_setaffinity(0, {gone})
    wrapped = OnOneCore(lambda environ, start_response: [b"served"], gone)
    for _ in range(2):
        assert wrapped({}, lambda status, headers: None) == [b"served"]
    assert os.sched_getaffinity(0) == ALL
