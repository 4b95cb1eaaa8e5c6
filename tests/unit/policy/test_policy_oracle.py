"""Our verdict is oslo.policy's, for any rule, identity and target; but absence never matches.

What is absent is left out before oslo.policy is asked, on both sides. That is all the difference
there is: see docs/check-strings.md.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections import Counter

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import opts, policy

from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.nodes import Asked
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources

_MOVED = {"deprecated_reason": "it moved", "deprecated_since": "1"}
HELPERS = ("h0", "h1", "h2")
NAMES = ("project_id", "user_id", "inventory.total", "role", "ünïcode")
ATTRIBUTES = (*TEXTS, "roles", "service_roles", "system", "nothing")
VALUES = ("p", "q", "all", "True", "1", "None", "é", "e\u0301")
ROLES = ("admin", "Admin", "reader", "member", "ÜNÏ", "ünï", "straße", "STRASSE", "İ")
LITERALS = ("'p'", '"all"', "1", "True", "'é'", "-1", "('p')", "1.0")


def _defaults():
    """Rules of every scope, and replaced ones of each sort that oslo.policy knows."""

    def renamed(name, old, check):
        older = policy.DeprecatedRule(old, check, **_MOVED)
        return policy.RuleDefault(name, "role:member", deprecated_rule=older)

    return [
        policy.RuleDefault("any", "rule:h0 or rule:h1"),
        policy.RuleDefault("project", "rule:h1", scope_types=["project"]),
        policy.RuleDefault("system", "rule:h2", scope_types=["system"]),
        policy.RuleDefault("two", "not rule:h2", scope_types=["system", "domain"]),
        renamed("new", "old", "role:reader or rule:h0"),
        renamed("same", "same", "role:admin"),
        renamed("far", "any", "rule:h0"),
        policy.RuleDefault("plain", "project_id:%(project_id)s or user_id:%(user_id)s"),
    ]


RULES = tuple(default.name for default in _defaults())
_single_values = st.sampled_from(VALUES)
_rights = st.one_of(
    _single_values,
    st.sampled_from([f"%({name})s" for name in NAMES]),
    st.sampled_from(["%(project_id)s%(user_id)s", "100%%", "x%(role)s", "a:b", ""]),
)
_roles = st.sampled_from([*ROLES, "%(role)s", "%(nowhere)s"])


@functools.cache  # making a strategy takes longer than drawing from it
def _checks(others: tuple[str, ...]):
    """Check strings whose references go to `others`, or nowhere."""
    singles = st.one_of(
        st.sampled_from(["@", "!", "is_admin_project:True", "rule:nowhere"]),
        _roles.map("role:{}".format),
        st.builds("{}:{}".format, st.sampled_from(ATTRIBUTES), _rights),
        st.builds("{}:{}".format, st.sampled_from(LITERALS), _rights),
        *([st.sampled_from(others).map("rule:{}".format)] * 2 if others else []),
    )
    words = st.sampled_from(["{} and {}", "{} OR {}", "not {} or {}", "({}) And not ({})"])
    pairs = st.builds(str.format, words, singles, singles)
    return st.one_of(singles, pairs, st.builds(str.format, words, pairs, singles | pairs))


@functools.cache
def _policies(circles: bool):
    """Policy files. A helper refers to those before it, unless circles are wanted."""
    whole = (*HELPERS, *RULES, "old")
    targets = {name: HELPERS[:at] for at, name in enumerate(HELPERS)}
    targets |= dict.fromkeys((*RULES, "old", "default"), HELPERS)
    if circles:
        targets = dict.fromkeys(targets, whole)
    checks = {name: _checks(others) for name, others in targets.items()}
    needed = {name: checks.pop(name) for name in HELPERS}
    return st.fixed_dictionaries(needed, optional=checks)


_optional = st.sampled_from(["", *VALUES])
_identities = st.builds(
    Identity,
    **dict.fromkeys(TEXTS, _optional),
    **dict.fromkeys(LISTS, st.lists(st.sampled_from(ROLES + VALUES), max_size=3).map(tuple)),
    is_admin_project=st.booleans(),
)
_targets = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(NAMES, st.none() | st.sampled_from(["", *VALUES, *ROLES]))
)


def _askers(people, things):
    """Each of some identities with each of some targets."""
    return st.builds(
        lambda *lists: list(itertools.product(*lists)),
        st.lists(_identities, min_size=people, max_size=people),
        st.lists(_targets, min_size=things, max_size=things),
    )


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """What is wrong with rules is not the question here, and it would be said a thousand times."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """oslo.policy as any service uses it: a policy file and an Enforcer."""
    path = tmp_path_factory.mktemp("stock") / "policy.yaml"

    def enforcer(rules, defaults, *, new_only=True):
        path.write_text(yaml.safe_dump(rules))
        conf = cfg.ConfigOpts()
        conf([], project="stock", default_config_files=[], default_config_dirs=[])
        opts.set_defaults(conf, policy_file=str(path), enforce_new_defaults=new_only)
        conf.set_override("policy_dirs", [], group="oslo_policy")
        made = policy.Enforcer(conf)
        made.suppress_deprecation_warnings = made.suppress_default_change_warnings = True
        made.register_defaults(defaults)
        made.load_rules()
        return made

    return enforcer


def _credentials(identity):
    """What oslo.context makes of an identity."""
    context = RequestContext(
        overwrite=False,
        **{name: getattr(identity, name) or None for name in TEXTS},
        **{name: list(getattr(identity, name)) for name in LISTS},
        is_admin_project=identity.is_admin_project,
    )
    return dict(context.to_policy_values())


def _present(attributes):
    return {name: value for name, value in attributes.items() if value not in (None, "")}


def _verdict(decide, *asked):
    """A check that raises denies: there is no other way to take it."""
    try:
        return bool(decide(*asked))
    except Exception:  # noqa: BLE001  that it raises, however it does, is a denial
        return False


def _compare(stock, counted, rules, askers, new_only):
    theirs = stock(rules, _defaults(), new_only=new_only)
    ours = PolicySnapshot("r", 0.0, compiled(theirs), scopes(theirs))
    for identity, target in askers:
        creds, there = _present(_credentials(identity)), _present(target)
        for rule in RULES:
            expected = _verdict(theirs.authorize, rule, there, dict(creds))
            assert ours.authorize(rule, target, identity) is expected, (rule, rules)
            counted[expected] += 1


def test_our_verdict_is_oslo_policys(stock):
    counted = Counter()

    @settings(max_examples=170, phases=[Phase.generate, Phase.shrink])
    @given(_policies(circles=False), _askers(4, 4), st.booleans())
    def same(rules, askers, new_only):
        _compare(stock, counted, rules, askers, new_only)

    same()
    assert counted.total() >= 20_000
    assert min(counted.values()) >= 4_000, "both verdicts are worth comparing"


def test_rules_in_a_circle_deny_as_oslo_policy_raises(stock):
    counted = Counter()

    @settings(max_examples=30, phases=[Phase.generate])
    @given(_policies(circles=True), _askers(2, 1), st.booleans())
    def same(rules, askers, new_only):
        _compare(stock, counted, rules, askers, new_only)

    same()
    assert counted.total() >= 450


@pytest.mark.parametrize("check", ["rule:h0", "not rule:h0", "rule:h0 or @", "not not rule:h0"])
def test_a_circle_denies_by_itself(stock, check):
    theirs = stock({"h0": "rule:h1", "h1": "not rule:h0", "any": check}, _defaults())
    with pytest.raises((RecursionError, TypeError)):  # the latter from within inspect
        theirs.authorize("any", {}, {"roles": []})
    ours = PolicySnapshot("r", 0.0, compiled(theirs), scopes(theirs))
    assert ours.authorize("any", {}, Identity()) is False


_leaf_values = st.sampled_from([*VALUES, True, 1, 0, 1.5])
_trees = st.recursive(
    _leaf_values | st.lists(_leaf_values, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)
_paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)


def _outcome(decide, *asked):
    try:
        return bool(decide(*asked))
    except TypeError:
        return "raises"


def test_lists_and_dotted_names_in_credentials_are_walked_as_oslo_policy_does(stock):
    counted = Counter()

    @settings(max_examples=120, phases=[Phase.generate, Phase.shrink])
    @given(
        st.lists(st.builds("{}:{}".format, _paths, _rights), min_size=8, max_size=8),
        st.lists(st.dictionaries(st.sampled_from("abc"), _trees), min_size=3, max_size=3),
        st.lists(_targets, min_size=3, max_size=3),
    )
    def same(checks, people, things):
        rules = {f"r{at}": check for at, check in enumerate(checks)}
        theirs = stock({}, [policy.RuleDefault(name, check) for name, check in rules.items()])
        ours = compiled(theirs)
        for creds, target, rule in itertools.product(people, things, rules):
            there = _present(target)
            expected = _outcome(theirs.authorize, rule, there, dict(creds))
            assert _outcome(ours[rule].holds, creds, target, Asked(rule)) == expected, rules[rule]
            counted[expected] += 1

    same()
    assert counted.total() >= 8_000
    assert counted.keys() == {True, False, "raises"}


def test_files_that_are_read_by_us_are_in_force_as_those_read_by_oslo_policy(
    stock, policy_settings, defaults
):
    """The way from a file: our reader and our making of the enforcer, beside the stock ones."""
    names = ("things:list", "things:show", "things:update", "things:reset", "owner_api")
    singles = st.sampled_from(["role:admin", "role:reader", "not role:editor", "rule:h"])
    checks = st.builds("{} {} {}".format, singles, st.sampled_from(["and", "or"]), singles)
    optional = dict.fromkeys((*names, "things:edit", "admin_api"), checks)
    policies = st.fixed_dictionaries({"h": st.just("user_id:u")}, optional=optional)
    role = st.sampled_from(["admin", "reader", "editor", "member"])
    everyone = [
        Identity(user_id="u", roles=roles, **scope)
        for roles in [(), ("admin",), ("reader",), ("editor",), ("member",), ("admin", "editor")]
        for scope in ({"project_id": "p"}, {"domain_id": "d"}, {"system_scope": "all"})
    ]

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(policies, role, st.booleans())
    def same(rules, used, new_only):
        rules = rules | {"default": f"role:{used} and rule:h"}
        rules.setdefault("things:list", "rule:h")
        theirs = stock(rules, defaults(), new_only=new_only)
        sources = Sources((("policy.yaml", yaml.safe_dump(rules).encode()),), (), "r", ())
        ours = build(sources, policy_settings(enforce_new_defaults=new_only), defaults)
        for identity in everyone:
            for rule in names:
                target = {"project_id": "p"}
                expected = bool(theirs.authorize(rule, target, _present(_credentials(identity))))
                assert ours.authorize(rule, target, identity) is expected, (rule, rules)

    same()


@pytest.fixture(scope="module")
def comparing(stock):
    """For each attribute of a token a rule that compares it with the target's `it`."""
    theirs = stock({}, [policy.RuleDefault(f"x:{name}", f"{name}:%(it)s") for name in TEXTS])
    return PolicySnapshot("r", 0.0, compiled(theirs), scopes(theirs))


_perhaps = st.sampled_from(["", "None", "p", "q"])


@settings(max_examples=300)
@given(
    name=st.sampled_from(TEXTS),
    mine=_perhaps,
    target=st.fixed_dictionaries({"other": _perhaps}, optional={"it": st.none() | _perhaps}),
)
def test_attributes_match_if_both_are_there_and_equal(comparing, name, mine, target):
    allowed = comparing.authorize(f"x:{name}", target, Identity(**{name: mine}))
    assert allowed is (mine != "" and mine == target.get("it"))
