"""What a candidate said, collected from the records that tell it."""

from __future__ import annotations

import pytest

from policy_proxy.model import Identity
from policy_proxy.policy.replay.flips import Kin
from policy_proxy.policy.replay.tried import Tried
from unit.policy.replay.recorded import recorded

READER = Identity(user_id="u", project_id="p", roles=("reader",))
LIST = "things:list"


def said(effect, revision="new", reason="because", **changes):
    candidate = {"revision": revision, "effect": effect, "reason": reason}
    return recorded(LIST, READER, candidate=candidate, **changes)


def taken(*records, revision=""):
    tried = Tried(revision)
    for number, record in enumerate(records, 1):
        tried.take("log", number, record)
    return tried


def test_it_tells_gains_from_losses():
    tried = taken(
        said("allowed", allowed=False), said("denied"), said("denied"), recorded(LIST, READER)
    )
    assert (tried.records, tried.decided) == (4, 4)
    assert (tried.flips.gained, tried.flips.lost) == (1, 2)
    found = {kin: group.count for kin, group in tried.flips.groups()}
    assert found == {
        Kin(True, LIST, ("reader",), "p"): 1,
        Kin(False, LIST, ("reader",), "p"): 2,
    }


def test_what_it_could_not_tell_is_counted_by_the_reason():
    tried = taken(said("undecided", reason="no body"), said("undecided", reason="no body"))
    assert tried.undecided.notes["no body"].count == 2
    assert (tried.flips.gained, tried.flips.lost) == (0, 0)


def test_requests_that_no_policy_was_asked_about_are_not_decided():
    tried = taken(recorded("", outcome="rejected"))
    assert (tried.records, tried.decided) == (1, 0)


def test_one_of_several_candidates_can_be_asked_about():
    log = (said("denied", "old"), said("denied", "new"), said("allowed", "new", allowed=False))
    assert taken(*log).flips.lost == 2
    tried = taken(*log, revision="new")
    assert (tried.flips.gained, tried.flips.lost) == (1, 1)
    assert tried.revisions == {"old": 1, "new": 2}


@pytest.mark.parametrize(
    "changes",
    [{"roles": [1, "reader"]}, {"roles": [None]}, {"project_id": 5}, {"operation": 5}],
    ids=["mixed", "none", "project", "operation"],
)
def test_who_is_of_another_kind_is_in_no_group(changes):
    tried = taken(said("denied"), said("denied") | changes)
    assert (tried.flips.lost, tried.undecided.count) == (1, 1)
    assert len(tried.flips.groups()) == 1


def test_silence_is_told_from_agreement_with_another():
    log = (said("denied", "old"),)
    assert not taken(*log).is_silent
    assert not taken(*log, revision="old").is_silent
    assert taken(*log, revision="new").is_silent
    assert taken(recorded(LIST, READER)).is_silent


@pytest.mark.parametrize(
    "candidate",
    ["denied", [], {}, {"revision": "new"}, {"revision": [], "effect": "denied", "reason": ""},
     {"revision": "new", "effect": "perhaps", "reason": ""},
     {"revision": "new", "effect": ["denied"], "reason": ""}],
    ids=range(7),
)  # fmt: skip
def test_what_no_candidate_of_ours_says_is_undecided(candidate):
    tried = taken(recorded(LIST, READER, candidate=candidate))
    assert (tried.undecided.count, tried.flips.gained, tried.flips.lost) == (1, 0, 0)
