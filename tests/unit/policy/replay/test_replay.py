"""Requests of the past under another policy."""

from __future__ import annotations

import pytest

from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.replay.flips import EXAMPLES, Flips, Kin
from policy_proxy.policy.replay.noted import MOST, OTHERS, PLACES, Noted
from policy_proxy.policy.replay.replay import Replay
from policy_proxy.policy.source import Sources
from unit.policy.replay.recorded import recorded

READER = Identity(user_id="u", project_id="p", roles=("reader",))
LIST = "things:list"


@pytest.fixture
def replay(defaults, policy_settings):
    """Under a policy where readers list things."""
    files = (("policy.yaml", b'"things:list": "role:reader"\n'),)
    snapshot = build(Sources(files, (), "now", ()), policy_settings(), defaults)
    return Replay(snapshot, {LIST: frozenset()})


@pytest.mark.parametrize(
    ("outcome", "roles", "same", "gained", "lost"),
    [
        ("allowed", ["reader"], {True: 1, False: 0}, 0, 0),
        ("denied", ["other"], {True: 0, False: 1}, 0, 0),
        ("denied", ["reader"], {True: 0, False: 0}, 1, 0),
        ("allowed", ["other"], {True: 0, False: 0}, 0, 1),
        ("error", ["reader"], {True: 1, False: 0}, 0, 0),
        ("error", ["other"], {True: 0, False: 0}, 0, 1),
        ("rejected", ["other"], {True: 0, False: 0}, 0, 1),
    ],
)
def test_what_was_said_is_compared_with_what_is_said_now(
    replay, outcome, roles, same, gained, lost
):
    replay.take("f", 1, recorded(LIST, READER, outcome=outcome, roles=roles))

    assert (replay.same, replay.flips.gained, replay.flips.lost) == (same, gained, lost)
    assert (replay.records, replay.not_asked, replay.undecided.count) == (1, 0, 0)
    assert replay.revisions == {"then": 1}


@pytest.mark.parametrize("outcome", ["allowed", "rejected", "error"])
def test_a_request_of_which_policy_was_not_asked_is_only_counted(replay, outcome):
    replay.take("f", 1, recorded("", outcome=outcome))

    assert (replay.records, replay.not_asked, sum(replay.same.values())) == (1, 1, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "lost"},
        {"outcome": []},
        {"time": 3},
        {"revision": []},
        {"operation": "gone"},
        {"roles": None},
        {"roles": ["other"], "project_id": []},
    ],
)
def test_what_cannot_be_decided_is_told_with_its_place(replay, changes):
    replay.take("audit.jsonl", 7, recorded(LIST, READER) | changes)

    (note,) = replay.undecided.notes.values()
    assert (note.count, note.places) == (1, ["audit.jsonl:7"])
    assert (sum(replay.same.values()), replay.flips.gained, replay.flips.lost) == (0, 0, 0)
    assert not replay.revisions


def test_the_time_is_that_of_the_earliest_and_the_latest(replay):
    for time in ("2026-03", "2026-01", "2026-02"):
        replay.take("f", 1, recorded(LIST, READER, time=time))

    assert (replay.first, replay.last) == ("2026-01", "2026-03")


def test_flips_are_put_together_by_effect_rule_roles_and_project():
    flips = Flips()
    for number, (gained, rule, roles, project) in enumerate(
        [
            (True, "b", ["x", "y"], "p"),
            (False, "a", ["x"], "p"),
            (True, "b", ["y", "x"], "p"),
            (True, "b", ["x", "y"], "q"),
            (False, "b", ["x", "y"], "p"),
            (True, "b", ["x", "y"], "q"),
            (True, "b", ["x", "y"], "q"),
        ]
    ):
        entry = recorded(rule, roles=roles, project_id=project)
        flips.add("f", number, entry, gained=gained)

    assert [(kin, group.count) for kin, group in flips.groups()] == [
        (Kin(False, "a", ("x",), "p"), 1),
        (Kin(True, "b", ("x", "y"), "q"), 3),
        (Kin(True, "b", ("x", "y"), "p"), 2),
        (Kin(False, "b", ("x", "y"), "p"), 1),
    ]
    assert (flips.gained, flips.lost, flips.beyond) == (5, 2, 0)


def test_a_group_has_its_first_requests_as_examples():
    flips = Flips()
    for number in range(10):
        entry = recorded("r", request_id=f"req-{number}")
        flips.add("f", number, entry, gained=True)

    ((_, group),) = flips.groups()
    assert [one.place for one in group.examples] == [f"f:{n}" for n in range(EXAMPLES)]
    assert group.examples[1].says["request_id"] == "req-1"


def test_however_many_groups_there_are_only_so_many_are_told_apart():
    flips = Flips(most=3)
    for number in range(10):
        flips.add("f", number, recorded("r", project_id=str(number % 5)), gained=True)

    assert [group.count for _, group in flips.groups()] == [2, 2, 2]
    assert (flips.gained, flips.beyond) == (10, 4)


def test_what_is_noted_is_bounded():
    noted = Noted()
    for number in range(1000):
        noted.add(f"why {number % 300}", "f", number)

    assert noted.count == 1000
    assert len(noted.notes) == MOST + 1
    assert max(len(note.places) for note in noted.notes.values()) == PLACES
    assert noted.notes[OTHERS].count == 1000 - 4 * MOST
