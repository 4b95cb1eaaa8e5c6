"""Whether a check can hold, or fail to: the search against asking every token there is."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_policy import policy

from harness.examples import some
from policy_proxy.model import Identity
from policy_proxy.policy import assembly
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.lint.truth import MAX_LOOKS, SCOPES, Budget, Undecided, possible
from policy_proxy.policy.snapshot import scope_of

NAME = "things:do"
ROLES = [(), ("a",), ("B",), ("a", "b")]
PLACES = {
    "project": [{"project_id": p} for p in "pqr"],
    "domain": [{"domain_id": d} for d in "pqr"],
    "system": [{"system_scope": "all"}],
}
EVERYONE = [
    Identity(user_id=user, roles=roles, is_admin_project=admin, **place)
    for place in itertools.chain.from_iterable(PLACES.values())
    for user, roles, admin in itertools.product("uvw", ROLES, (True, False))
]
TARGETS = [{}, {"x": "a"}, {"x": "p"}, {"x": "u", "y": "u"}, {"x": "q", "y": "p"}, {"y": "a"}]


@pytest.fixture(scope="session")
def node_of(policy_settings):
    """The compiled check; `others` are there to be referred to."""

    def made(check, **others):
        def defaults():
            return [policy.RuleDefault(*rule) for rule in {NAME: check, **others}.items()]

        enforcer = assembly.loaded({}, policy_settings(), defaults())
        return assembly.snapshot(enforcer, {}, "r").rules[NAME]

    return made


_singles = st.sampled_from(
    ["role:a", "role:B", "role:b", "project_id:p", "project_id:q", "domain_id:p", "user_id:u",
     "user_id:v", "system_scope:all", "system:all", "is_admin_project:True",
     "is_admin_project:False", "'x':x", "1:2", "rule:h", "rule:g"]
)  # fmt: skip
_open = st.sampled_from(["role:%(x)s", "user_id:%(x)s", "'a':%(x)s", "project_id:%(y)s"])


def _checks(singles):
    return st.recursive(
        singles,
        lambda inner: st.builds(
            str.format,
            st.sampled_from(["({} and {})", "({} or {})", "not {} and {}", "(not ({}) or {})"]),
            inner.map(lambda check: f"({check})"),
            inner.map(lambda check: f"({check})"),
        ),
        max_leaves=7,
    )


_scopes = st.lists(st.sampled_from(SCOPES), min_size=1, unique=True)


def found_by_asking(node, scopes, targets):
    return {
        node.holds(credentials(who), target)
        for who in EVERYONE
        if scope_of(who) in scopes
        for target in targets
    }


def found_by_searching(node, scopes, own=()):
    return {
        value
        for value in (True, False)
        if possible(node, value=value, scopes=scopes, as_meant=True, own=own)
    }


def test_the_search_finds_what_asking_every_token_finds(node_of):
    counted = Counter()

    @settings(max_examples=some(400))
    @given(_checks(_singles), _checks(_singles), _scopes)
    def same(check, other, scopes):
        node = node_of(check, h=other.replace("rule:h", "role:a").replace("rule:g", "@"), g="!")
        by_asking = found_by_asking(node, scopes, [{}])
        assert found_by_searching(node, scopes) == by_asking
        counted[len(by_asking), by_asking == {True}] += 1

    same()
    assert counted.keys() == {(1, True), (1, False), (2, False)}
    assert min(counted.values()) >= some(10)


def test_what_depends_on_the_target_is_never_missed(node_of):
    """Of such checks it knows less: it may take for possible what is not, never the reverse."""

    @settings(max_examples=some(200))
    @given(_checks(_singles | _open), _scopes)
    def more(check, scopes):
        node = node_of(check, h="role:a", g="!")
        assert found_by_searching(node, scopes) >= found_by_asking(node, scopes, TARGETS)

    more()


_callers = st.sampled_from(
    ["project_id:%(project_id)s", "user_id:%(user_id)s", "project_id:p", "role:a", "user_id:v"]
)


def test_what_is_the_callers_own_equals_the_callers(node_of):
    @settings(max_examples=some(200))
    @given(_checks(_callers), _scopes)
    def same(check, scopes):
        node = node_of(check)
        by_asking = {
            node.holds(credentials(who), {"project_id": who.project_id, "user_id": who.user_id})
            for who in EVERYONE
            if scope_of(who) in scopes
        }
        assert found_by_searching(node, scopes, own={"project_id", "user_id"}) == by_asking

    same()


@pytest.mark.parametrize(
    ("check", "says_so"),
    [("@", True), ("not !", True), ("role:a or @", True), ("role:a or not role:a", False),
     ("rule:h", True), ("not (role:a and !)", True), ("role:a or not role:A or @", False)],
)  # fmt: skip
def test_what_always_holds_says_so_or_does_not(check, says_so, node_of):
    node = node_of(check, h="not (!)")
    assert not possible(node, value=False, scopes=SCOPES, as_meant=True)
    assert possible(node, value=False, scopes=SCOPES, as_meant=False) is says_so


def test_a_rule_of_hundreds_of_checks_is_decided(node_of):
    many = " or ".join(f"role:r{n}" for n in range(300))
    assert possible(node_of(many), value=False, scopes=SCOPES, as_meant=True)
    assert not possible(
        node_of(f"{many} or not role:r7"), value=False, scopes=SCOPES, as_meant=True
    )
    every = many.replace(" or ", " and ")
    assert not possible(
        node_of(f"{every} and not role:r7"), value=True, scopes=SCOPES, as_meant=True
    )


@pytest.mark.parametrize("joined", [" or ", " and "])
def test_what_is_too_large_ends_undecided(joined, node_of):
    node = node_of(joined.join(f"role:r{n}" for n in range(5000)))
    with pytest.raises(Undecided):
        possible(node, value=joined == " and ", scopes=SCOPES, as_meant=True)


def test_a_stack_that_is_nearly_full_leaves_it_undecided_too(node_of):
    node = node_of(" and ".join(f"role:r{n}" for n in range(200)))
    assert possible(node, value=True, scopes=SCOPES, as_meant=True)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        with pytest.raises(Undecided):
            possible(node, value=True, scopes=SCOPES, as_meant=True)
    finally:
        sys.setrecursionlimit(limit)


def test_what_other_rules_took_leaves_a_small_rule_decided(node_of):
    """Of many large ones each gets what is left; those behind get a few looks all the same."""
    large = node_of(" or ".join(f"role:r{n}" for n in range(300)))
    small = node_of("role:a or not role:a or role:b")
    budget = Budget(looks=MAX_LOOKS)
    asked = {"scopes": SCOPES, "as_meant": True, "value": False, "budget": budget}
    assert possible(large, **asked)
    for _ in range(50):
        with contextlib.suppress(Undecided):
            possible(large, **asked)
    with pytest.raises(Undecided):
        possible(large, **asked)
    assert not possible(small, **asked)
