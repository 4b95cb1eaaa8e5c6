"""Our verdict is oslo.policy's, for any rule, identity and target; but absence never matches.

What is absent is left out before oslo.policy is asked, on both sides. That is all the difference
there is: see docs/check-strings.md.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oslo_policy import _checks, policy

from harness import stock as stock_policy
from harness.examples import some
from harness.stock import credentials, present, verdict
from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.nodes import Asked
from policy_proxy.policy.snapshot import PolicySnapshot, scope_of
from policy_proxy.policy.source import Sources
from unit.policy.oracle_policies import (
    CONSTRUCTS,
    FALLBACKS,
    RULES,
    House3,
    House4,
    askers,
    deep_checks,
    deep_credentials,
    occurring,
    policies,
    targets,
    things_defaults,
)


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """What is wrong with rules is not the question here, and it would be said a thousand times."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


@pytest.fixture(scope="module", autouse=True)
def _house_checks():
    """Registered in both ways that there are: as an extension, and by the service itself."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(_checks.get_extensions(), "house3", House3)
        patched.setitem(_checks.registered_checks, "house4", House4)
        yield


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    path = tmp_path_factory.mktemp("stock") / "policy.yaml"
    return lambda *what, **how: stock_policy.enforcer(path, *what, **how)


def ours_of(enforcer):
    return PolicySnapshot("r", 0.0, compiled(enforcer), scopes(enforcer))


def compare(theirs, pairs, counted):
    """Every rule, asked by everybody here."""
    ours = ours_of(theirs)
    for identity, target in pairs:
        creds, there = present(credentials(identity)), present(target)
        for rule in RULES:
            expected = verdict(theirs, rule, there, creds)
            assert ours.authorize(rule, target, identity) is expected, rule
            fits = not ours.scopes[rule] or scope_of(identity) in ours.scopes[rule]
            counted[expected if fits else "of the wrong scope"] += 1


def test_our_verdict_is_oslo_policys(stock):
    counted, occurred = Counter(), Counter()

    @settings(max_examples=some(300), phases=[Phase.generate, Phase.shrink], deadline=None)
    @given(policies(circles=False), askers(4, 3), st.booleans(), st.sampled_from(FALLBACKS))
    def same(rules, pairs, new_only, default_rule):
        theirs = stock(rules, things_defaults(), new_only=new_only, default_rule=default_rule)
        compare(theirs, pairs, counted)
        text = yaml.safe_dump(rules, allow_unicode=True, width=10_000)
        occurred.update([new_only, *occurring(text)])

    same()
    assert counted.total() >= some(20_000)
    assert min(counted.values()) >= some(3_000), "each of the verdicts is worth comparing"
    assert min(occurred[what] for what in (*CONSTRUCTS, True, False)) >= some(5)


def test_rules_in_a_circle_deny_as_oslo_policy_raises(stock):
    counted = Counter()

    @settings(max_examples=30, phases=[Phase.generate], deadline=None)
    @given(policies(circles=True), askers(2, 1), st.booleans())
    def same(rules, pairs, new_only):
        compare(stock(rules, things_defaults(), new_only=new_only), pairs, counted)

    same()
    assert counted.total() >= 450


@pytest.mark.parametrize("check", ["rule:h0", "not rule:h0", "rule:h0 or @", "not not rule:h0"])
def test_a_circle_denies_by_itself(stock, check):
    theirs = stock({"h0": "rule:h1", "h1": "not rule:h0", "any": check}, things_defaults())
    with pytest.raises((RecursionError, TypeError)):  # the latter from within inspect
        theirs.authorize("any", {}, {"roles": []})
    assert ours_of(theirs).authorize("any", {}, Identity()) is False


def test_absence_is_all_the_difference(stock):
    """With nothing taken out, oslo.policy differs only where something is absent; and it does."""
    counted = Counter()

    @settings(max_examples=some(150), phases=[Phase.generate, Phase.shrink], deadline=None)
    @given(policies(circles=False), askers(4, 3))
    def same(rules, pairs):
        rules.pop("plain", None)  # its default compares attributes of the same name
        theirs = stock(rules, things_defaults())
        ours = ours_of(theirs)
        for (identity, target), rule in itertools.product(pairs, RULES):
            creds = credentials(identity)
            differs = verdict(theirs, rule, target, creds) is not ours.authorize(
                rule, target, identity
            )
            absent = len(present(creds)) < len(creds) or len(present(target)) < len(target)
            assert absent or not differs
            counted[differs] += 1

    same()
    assert counted[True] >= some(20)
    assert counted[False] >= some(5_000)


def outcome(decide, *asked):
    try:
        return bool(decide(*asked))
    except TypeError:
        return "raises"


def test_lists_and_dotted_names_in_credentials_are_walked_as_oslo_policy_does(stock):
    counted = Counter()

    @settings(max_examples=some(120), phases=[Phase.generate, Phase.shrink], deadline=None)
    @given(
        st.lists(deep_checks, min_size=8, max_size=8),
        st.lists(deep_credentials, min_size=3, max_size=3),
        st.lists(targets, min_size=3, max_size=3),
    )
    def same(checks, people, things):
        rules = {f"r{at}": check for at, check in enumerate(checks)}
        theirs = stock({}, [policy.RuleDefault(name, check) for name, check in rules.items()])
        ours = compiled(theirs)
        for creds, target, rule in itertools.product(people, things, rules):
            expected = outcome(theirs.authorize, rule, present(target), dict(creds))
            assert outcome(ours[rule].holds, creds, target, Asked(rule)) == expected, rules[rule]
            counted[expected] += 1

    same()
    assert counted.total() >= some(8_000)
    assert counted.keys() == {True, False, "raises"}
    assert min(counted.values()) >= some(40)


def test_files_that_are_read_by_us_are_in_force_as_those_read_by_oslo_policy(
    stock, policy_settings, defaults
):
    """The way from a file: our reader and our making of the enforcer, beside the stock ones."""
    names = ("things:list", "things:show", "things:update", "things:reset", "owner_api")
    singles = st.sampled_from(["role:admin", "role:reader", "not role:editor", "rule:h"])
    checks = st.builds("{} {} {}".format, singles, st.sampled_from(["and", "or"]), singles)
    optional = dict.fromkeys((*names, "things:edit", "admin_api"), checks)
    files = st.fixed_dictionaries({"h": st.just("user_id:u")}, optional=optional)
    role = st.sampled_from(["admin", "reader", "editor", "member"])
    everyone = [
        Identity(user_id="u", roles=roles, **scope)
        for roles in [(), ("admin",), ("reader",), ("editor",), ("member",), ("admin", "editor")]
        for scope in ({"project_id": "p"}, {"domain_id": "d"}, {"system_scope": "all"})
    ]

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(files, role, st.booleans())
    def same(rules, used, new_only):
        rules = rules | {"default": f"role:{used} and rule:h"}
        rules.setdefault("things:list", "rule:h")
        theirs = stock(rules, defaults(), new_only=new_only)
        sources = Sources((("policy.yaml", yaml.safe_dump(rules).encode()),), (), "r", ())
        ours = build(sources, policy_settings(enforce_new_defaults=new_only), defaults)
        for identity in everyone:
            for rule in names:
                target = {"project_id": "p"}
                expected = bool(theirs.authorize(rule, target, present(credentials(identity))))
                assert ours.authorize(rule, target, identity) is expected, (rule, rules)

    same()


@pytest.fixture(scope="module")
def comparing(stock):
    """For each attribute of a token a rule that compares it with the target's `it`."""
    return ours_of(stock({}, [policy.RuleDefault(f"x:{name}", f"{name}:%(it)s") for name in TEXTS]))


_perhaps = st.sampled_from(["", "None", "p", "q"])


@settings(max_examples=some(300))
@given(
    name=st.sampled_from(TEXTS),
    mine=_perhaps,
    target=st.fixed_dictionaries({"other": _perhaps}, optional={"it": st.none() | _perhaps}),
)
def test_attributes_match_if_both_are_there_and_equal(comparing, name, mine, target):
    allowed = comparing.authorize(f"x:{name}", target, Identity(**{name: mine}))
    assert allowed is (mine != "" and mine == target.get("it"))
