"""Our verdict is oslo.policy's, for any rule, identity and target; but absence never matches."""

from __future__ import annotations

import functools

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.source import Sources

RULES = ("things:list", "things:show", "things:update", "things:reset", "admin_api", "owner_api")
HELPERS = ("h0", "h1", "h2")
SCOPES = ("project_id", "domain_id", "system_scope")
VALUES = st.sampled_from(["p", "q", "all", "True"])
ROLES = st.sampled_from(["admin", "Admin", "reader", "member", "editor"])
NAMES = ("project_id", "user_id", "domain_id", "inventory.total", "role")


def _singles(scope: str, others: tuple[str, ...]):
    """Checks that name only what an identity of this scope has."""
    attributes = st.sampled_from([scope, "user_id", "user_domain_id", "service_project_id"])
    names = st.sampled_from(NAMES).map("%({})s".format)
    literals = st.sampled_from(["'p'", "1", "True", "'all'", '"q"'])
    return st.one_of(
        st.sampled_from(["@", "!", "is_admin_project:True", "role:%(role)s"]),
        ROLES.map("role:{}".format),
        ROLES.map("roles:{}".format),
        ROLES.map("service_roles:{}".format),
        st.builds("{}:{}".format, attributes, VALUES | names),
        st.builds("{}:{}".format, literals, VALUES | names),
        *([st.sampled_from(others).map("rule:{}".format)] if others else []),
    )


@functools.cache  # making a strategy takes longer than drawing from it
def _checks(scope: str, others: tuple[str, ...]):
    return st.recursive(
        _singles(scope, others),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
            st.builds("not {} or {} and {}".format, *[_singles(scope, others)] * 3),
        ),
        max_leaves=6,
    )


@functools.cache
def _rules(scope: str):
    """A helper refers to those before it, so that there is no circle."""
    helpers = {name: _checks(scope, HELPERS[:position]) for position, name in enumerate(HELPERS)}
    anything = _checks(scope, (*HELPERS, "admin_api", "owner_api"))
    names = (*RULES[:4], "things:edit")
    default = st.just(" or ".join(f"rule:{name}" for name in HELPERS))
    return st.fixed_dictionaries(
        {**helpers, "default": default}, optional=dict.fromkeys(names, anything)
    )


@functools.cache
def _askers(scope: str):
    people = st.builds(
        Identity,
        **dict.fromkeys([scope, "user_id", "user_domain_id", "service_project_id"], VALUES),
        roles=st.lists(ROLES, max_size=3).map(tuple),
        service_roles=st.lists(ROLES, max_size=2).map(tuple),
        is_admin_project=st.booleans(),
    )
    targets = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES | ROLES))
    return st.lists(st.tuples(people, targets), min_size=2, max_size=3)


_CASES = st.sampled_from(SCOPES).flatmap(
    lambda scope: st.tuples(st.just(scope), _rules(scope), _askers(scope), st.booleans())
)


@pytest.fixture(scope="session")
def stock(tmp_path_factory, defaults):
    """oslo.policy as any service uses it: a policy file, an Enforcer, a RequestContext."""
    path = tmp_path_factory.mktemp("stock") / "policy.yaml"

    def enforcer(rules, new_only):
        path.write_text(yaml.safe_dump(rules))
        conf = cfg.ConfigOpts()
        conf([], project="stock", default_config_files=[], default_config_dirs=[])
        made = policy.Enforcer(conf, policy_file=str(path))
        made.suppress_deprecation_warnings = True
        conf.set_override("enforce_new_defaults", new_only, group="oslo_policy")
        conf.set_override("policy_dirs", [], group="oslo_policy")
        made.register_defaults(defaults())
        return made

    return enforcer


def _context(identity, scope):
    names = (scope, "user_id", "user_domain_id", "service_project_id", "is_admin_project")
    return RequestContext(
        overwrite=False,
        roles=list(identity.roles),
        service_roles=list(identity.service_roles),
        **{name: getattr(identity, name) for name in names},
    )


def _built(rules, policy_settings, defaults):
    content = yaml.safe_dump(rules).encode()
    sources = Sources((("policy.yaml", content),), (), "r", ())
    return build(sources, policy_settings, defaults)


@settings(max_examples=200, deadline=None)
@given(_CASES)
def test_our_verdict_is_oslo_policys(stock, policy_settings, defaults, case):
    """200 policies, each with two or three askers for six rules: some 2,600 verdicts."""
    scope, rules, askers, new_only = case
    theirs = stock(rules, new_only)
    ours = _built(rules, policy_settings(enforce_new_defaults=new_only), defaults)
    for identity, target in askers:
        for rule in RULES:
            expected = bool(theirs.authorize(rule, target, _context(identity, scope)))
            assert ours.authorize(rule, target, identity) is expected, (rule, rules)


@pytest.fixture(scope="session")
def comparing(policy_settings):
    """For each attribute of a token a rule that compares it with the target's `it`."""
    rules = [policy.RuleDefault(f"x:{name}", f"{name}:%(it)s") for name in TEXTS]
    return _built({}, policy_settings(), lambda: rules)


_PERHAPS = st.sampled_from(["", "None", "p", "q"])


@settings(max_examples=1000, deadline=None)
@given(
    name=st.sampled_from(TEXTS),
    mine=_PERHAPS,
    target=st.fixed_dictionaries({"other": _PERHAPS}, optional={"it": st.none() | _PERHAPS}),
)
def test_attributes_match_if_both_are_there_and_equal(comparing, name, mine, target):
    allowed = comparing.authorize(f"x:{name}", target, Identity(**{name: mine}))
    assert allowed is (mine != "" and mine == target.get("it"))
