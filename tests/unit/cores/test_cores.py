"""How many cores there are to use; each worker has one of its own, and its threads keep to it."""

from __future__ import annotations

import os
import threading

import pytest

from policy_proxy.cores import Cores, OnOneCore, usable

ALL = os.sched_getaffinity(0)
FOUR = {2, 3, 5, 7}


@pytest.fixture
def four_cores(monkeypatch):
    """A machine with these, whatever this one has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: FOUR)


@pytest.fixture(autouse=True)
def unbound():
    yield
    os.sched_setaffinity(0, ALL)


@pytest.mark.usefixtures("four_cores")
def test_no_two_workers_get_the_same_core_and_one_too_many_gets_none():
    cores = Cores()
    found = [cores.of(place) for place in range(len(FOUR) + 1)]
    assert found[-1] is None
    assert {*found[:-1]} == FOUR
    assert found[-2] == min(FOUR), "the first core comes last"
    assert [cores.of(place) for place in range(len(FOUR) + 1)] == found, "who follows gets the same"


def test_programs_that_know_nothing_of_each_other_do_not_all_take_the_same_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    taken = {Cores().of(0) for _ in range(20)}
    assert len(taken) > 1
    assert taken <= set(range(1, 8))


def test_there_is_nothing_to_choose_from_one_core():
    os.sched_setaffinity(0, {max(ALL)})
    assert Cores().of(0) is None
    assert usable() == 1


def written(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


V2 = {"proc/self/cgroup": "0::/a.slice/b.service\n"}
V1 = {"proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/docker/x\n"}
ABOVE, INNER = "sys/fs/cgroup/a.slice/cpu.max", "sys/fs/cgroup/a.slice/b.service/cpu.max"
OLD = "sys/fs/cgroup/cpu/docker/x/cpu.cfs_"


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 4),
        (V2, 4),
        (V2 | {INNER: "max 100000\n"}, 4),
        (V2 | {INNER: "200000 100000\n"}, 2),
        (V2 | {INNER: "150000 100000\n"}, 2),
        (V2 | {INNER: "10000 100000\n"}, 1),
        (V2 | {INNER: "900000 100000\n"}, 4),
        (V2 | {INNER: "max 100000\n", ABOVE: "100000 100000\n"}, 1),
        (V2 | {INNER: "100000 100000\n", ABOVE: "300000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/elsewhere\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        (V2 | {INNER: "nonsense\n"}, 4),
        (V1, 4),
        (V1 | {f"{OLD}quota_us": "-1\n", f"{OLD}period_us": "100000\n"}, 4),
        (V1 | {f"{OLD}quota_us": "250000\n", f"{OLD}period_us": "100000\n"}, 3),
    ],
    ids=range(14),
)
def test_the_limits_of_control_groups_count(tmp_path, files, count):
    assert usable(written(tmp_path, files)) == count


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
