"""What is told of a request of which not all is known holds whatever the rest is."""

from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import stock
from harness.stock import present
from policy_proxy.policy.build import build
from policy_proxy.policy.compiled import compiled
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.replay.replay import Replay
from policy_proxy.policy.replay.settled import settled
from policy_proxy.policy.source import Sources
from unit.policy.oracle_policies import (
    ROLES,
    VALUES,
    identities,
    joined,
    targets,
    things_defaults,
)
from unit.policy.replay.recorded import recorded

UNKNOWN = frozenset({"project_id"})
LEAVES = st.sampled_from(
    [
        *("role:admin", "role:reader", "user_id:p", "rule:h0", "@", "!"),
        *("project_id:%(project_id)s", "role:%(project_id)s", "'p':%(project_id)s"),
        *("user_id:%(user_id)s", "project_id:%(project_id)s%(user_id)s"),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    check=joined(LEAVES),
    helper=st.sampled_from(["role:member", "project_id:%(project_id)s", "not role:%(project_id)s"]),
    pairs=st.lists(st.tuples(identities, targets), min_size=10, max_size=10),
)
def test_it_holds_whatever_the_rest_is(check, helper, pairs, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "settled.yaml"
    rules = compiled(stock.enforcer(path, {"h0": helper, "any": check}, things_defaults()))

    for identity, target in pairs:
        known = {name: value for name, value in present(target).items() if name not in UNKNOWN}
        creds = credentials(identity)
        told = settled(rules["any"], creds, known, UNKNOWN)
        values = {
            rules["any"].holds(creds, {**known, **more})
            for more in ({}, *({"project_id": value} for value in (*VALUES, *ROLES)))
        }
        assert told is None or values == {told}
        if len(values) == 2:
            assert told is None


@pytest.fixture
def replay(defaults, policy_settings):
    """Under a policy where members list the things of their project, and admins all."""
    text = b'"things:list": "role:admin or role:member and project_id:%(project_id)s"\n'
    sources = Sources((("policy.yaml", text),), (), "now", ())
    snapshot = build(sources, policy_settings(), defaults)
    return Replay(snapshot, {"things:list": frozenset({"project_id", "user_id"})})


@pytest.mark.parametrize(
    ("roles", "target", "same", "undecided"),
    [
        (["admin"], {}, 1, 0),
        (["member"], {}, 0, 1),
        (["member"], {"project_id": "p"}, 1, 0),
        (["admin"], {"project_id": "q"}, 1, 0),
    ],
)
def test_a_body_that_was_not_read_is_not_guessed(replay, roles, target, same, undecided):
    replay.take("f", 1, recorded("things:list", target=target, roles=roles, project_id="p"))

    assert (replay.same[True], replay.undecided.count) == (same, undecided)
    assert not replay.flips.groups()
    assert set(replay.undecided.notes) <= {
        "its body was not read then, and things:list looks at its project_id"
    }


def test_whom_the_rest_would_not_help_is_denied_all_the_same(replay):
    replay.take("f", 1, recorded("things:list", roles=["reader"], project_id="p"))

    assert replay.flips.lost == 1
