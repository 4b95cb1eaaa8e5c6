"""What is found missing, impossible and proposed, against everybody who could ask."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_proxy.policy.cases.coverage import Outcome, coverage, outcomes
from policy_proxy.policy.cases.gaps import Gaps
from policy_proxy.policy.cases.watched import Point, watched
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.diff.diagrams import Budget
from policy_proxy.policy.nodes import And, Not, Or, Reference
from policy_proxy.policy.snapshot import scope_of
from policy_proxy.policy.world import World

OPERATIONS = ("one", "two")
FACTS = dict.fromkeys(OPERATIONS, TargetFacts(frozenset({"project_id", "size"})))
SCOPES = st.sampled_from([None, ["project"], ["system", "domain"]])
DATA = st.data()


def shown(snapshot, asking):
    """The outcomes that these callers bring about, by evaluating what a decision looks at."""
    found = set()

    def value(rule, path, node, world):
        if isinstance(node, Reference):
            held = value(node.name, (), node.rules[node.name], world)
        elif isinstance(node, Not):
            held = not value(rule, (*path, 0), node.part, world)
        elif isinstance(node, And):
            held = all(value(rule, (*path, n), p, world) for n, p in enumerate(node.parts))
        elif isinstance(node, Or):
            held = any(value(rule, (*path, n), p, world) for n, p in enumerate(node.parts))
        else:
            held = world.holds(node)
        found.add(Outcome(rule, Point(rule, path), held))
        return held

    for who, target in asking:
        world = World(credentials(who), target)
        for rule in OPERATIONS:
            wanted = snapshot.scopes[rule]
            fits = not wanted or scope_of(who) in wanted
            allowed = fits and value(rule, (), snapshot.rules[rule], world)
            found.add(Outcome(rule, None, allowed))
    return found


@settings(max_examples=60)
@given(data=DATA, scopes=SCOPES)
def test_what_is_impossible_is_what_nobody_shows(snapshot_of, policies, everybody, data, scopes):
    snapshot = snapshot_of(data.draw(policies), scopes)
    every = list(outcomes(snapshot, OPERATIONS))
    possible = shown(snapshot, everybody)

    impossible = set(Gaps(snapshot, OPERATIONS, FACTS).impossible(every))

    assert impossible == {outcome for outcome in every if outcome not in possible}


@settings(max_examples=60)
@given(data=DATA, scopes=SCOPES)
def test_the_proposals_show_all_that_is_possible(snapshot_of, policies, data, scopes):
    snapshot = snapshot_of(data.draw(policies), scopes)
    every = list(outcomes(snapshot, OPERATIONS))
    gaps = Gaps(snapshot, OPERATIONS, FACTS)
    missing = [outcome for outcome in every if outcome not in set(gaps.impossible(every))]

    proposals = list(gaps.proposals(missing))

    assert {outcome for one in proposals for outcome in one.shows} == set(missing)
    for one in proposals:
        assert one.allowed is snapshot.authorize(one.rule, one.target, one.identity)
        assert one.shows
        assert set(one.shows) <= shown(snapshot, [(one.identity, one.target)])


@settings(max_examples=60)
@given(data=DATA, scopes=SCOPES)
def test_what_is_seen_is_what_decisions_look_at(snapshot_of, policies, everybody, data, scopes):
    snapshot = snapshot_of(data.draw(policies), scopes)
    asking = data.draw(st.lists(st.sampled_from(everybody), max_size=5))
    observed, seen = watched(snapshot)
    decided = {rule: set() for rule in OPERATIONS}
    for who, target in asking:
        for rule in OPERATIONS:
            allowed = observed.authorize(rule, target, who)
            assert allowed is snapshot.authorize(rule, target, who)
            decided[rule].add(allowed)

    covered = coverage(snapshot, OPERATIONS, decided, seen)

    every = set(outcomes(snapshot, OPERATIONS))
    assert set(covered.seen) == shown(snapshot, asking) & every
    assert set(covered.missing) == every - set(covered.seen)
    assert covered.share == Fraction(len(covered.seen), len(every))


RULES = {"helper": "role:a and role:b", "one": "rule:helper or role:c", "two": "@"}


def test_the_callers_own_target_is_left_out_of_a_proposal(snapshot_of):
    snapshot = snapshot_of({**RULES, "one": "project_id:%(project_id)s"})
    own = {"one": TargetFacts(frozenset({"project_id"}), frozenset({"project_id"}))}
    missing = [Outcome("one", None, True)]

    (proposal,) = Gaps(snapshot, ["one"], own).proposals(missing)

    assert proposal.allowed
    assert proposal.target == {}


def test_what_no_operation_refers_to_is_not_counted(snapshot_of):
    snapshot = snapshot_of({**RULES, "one": "role:c"})

    assert {outcome.rule for outcome in outcomes(snapshot, OPERATIONS)} == set(OPERATIONS)


@pytest.fixture
def no_budget(monkeypatch):
    """Everything is too large for the solver."""
    monkeypatch.setattr("policy_proxy.policy.cases.gaps.Budget", lambda: Budget(0))


@pytest.mark.usefixtures("no_budget")
def test_what_is_too_large_to_be_told_is_missing_and_not_impossible(snapshot_of):
    snapshot = snapshot_of({**RULES, "two": "!"})
    gaps = Gaps(snapshot, OPERATIONS, FACTS)
    every = list(outcomes(snapshot, OPERATIONS))

    assert list(gaps.impossible(every)) == []


@pytest.mark.usefixtures("no_budget")
def test_what_is_too_large_is_guessed_and_tried(snapshot_of):
    snapshot = snapshot_of(
        {
            "helper": "role:a and (role:b or 'v':%(size)s)",
            "one": "role:x or not rule:helper or project_id:p and role:c",
            "two": "rule:one and user_id:%(size)s",
        },
        ["project"],
    )
    every = list(outcomes(snapshot, OPERATIONS))

    proposals = list(Gaps(snapshot, OPERATIONS, FACTS).proposals(every))

    assert {outcome for one in proposals for outcome in one.shows} == set(every)
    for one in proposals:
        assert set(one.shows) <= shown(snapshot, [(one.identity, one.target)])


def test_the_share_is_never_rounded_up(snapshot_of):
    snapshot = snapshot_of(RULES)
    covered = coverage(snapshot, OPERATIONS, {}, watched(snapshot)[1])
    one = Outcome("one", None, True)

    assert covered.percent() == "0"
    assert type(covered)((one,) * 1999, (one,)).percent() == "99.9"
    assert type(covered)((one,) * 2, (one,)).percent() == "66.6"
    assert type(covered)((one,), ()).percent() == "100"
    assert type(covered)((), ()).percent() == "100"
