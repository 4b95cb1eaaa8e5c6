from __future__ import annotations

import dataclasses

import pytest
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import read

FULL = Identity(
    user_id="u",
    user_name="name",
    user_domain_id="ud",
    project_id="p",
    project_name="project",
    project_domain_id="pd",
    domain_id="d",
    system_scope="all",
    roles=("Admin", "reader"),
    is_admin_project=True,
    service_user_id="su",
    service_user_domain_id="sud",
    service_project_id="sp",
    service_project_domain_id="spd",
    service_roles=("service",),
    token="never in credentials",
)


def test_credentials_are_named_and_filled_as_oslo_context_and_oslo_policy_do():
    context = RequestContext(
        overwrite=False,
        **{
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(FULL).items()
            if name not in ("token", "service_token", "user_name", "project_name", "expires_at")
        },
    )
    told = _Keeps("x", "y")
    enforcer = policy.Enforcer(cfg.ConfigOpts(), policy_file="none")
    enforcer.register_default(policy.RuleDefault("a", "!"))
    enforcer.set_rules({"a": told}, use_conf=False)
    enforcer.authorize("a", {}, context)
    assert credentials(FULL) == told.creds


def test_what_is_absent_is_left_out_of_the_credentials():
    assert credentials(Identity()) == {"roles": [], "service_roles": [], "is_admin_project": False}


class _Keeps(policy.Check):
    def __call__(self, target, creds, enforcer, current_rule=None):
        self.creds = creds
        return True


class _Fails(policy.Check):
    def __call__(self, target, creds, enforcer, current_rule=None):
        raise RuntimeError("secret of the inside")


class _Truthy(policy.Check):
    def __call__(self, target, creds, enforcer, current_rule=None):
        return "yes"


def _snapshot(check) -> PolicySnapshot:
    """Around an enforcer of oslo.policy's own making, with one rule of one check."""
    enforcer = policy.Enforcer(cfg.ConfigOpts(), policy_file="none", default_rule="x")
    enforcer.register_default(policy.RuleDefault("a", "!"))
    enforcer.set_rules({"a": check})
    return PolicySnapshot("r1", 0.0, compiled(enforcer), scopes(enforcer))


@pytest.mark.parametrize("wrap", [lambda check: check, policy.NotCheck])
def test_a_check_that_fails_denies_also_under_not_and_is_logged(caplog, wrap):
    assert _snapshot(wrap(_Fails("x", "y"))).authorize("a", {}, FULL) is False
    assert "secret of the inside" in caplog.text


def test_credentials_are_made_anew_for_each_decision():
    """A check of somebody else's may write into them."""
    first, second = credentials(FULL), credentials(FULL)
    first["roles"].append("more")
    first["user_id"] = "other"
    assert second["roles"] == ["Admin", "reader"]
    assert second["user_id"] == "u"


def test_the_answer_is_a_bool():
    assert _snapshot(_Truthy("x", "y")).authorize("a", {}, FULL) is True


def test_a_rule_that_is_not_registered_is_denied():
    assert _snapshot(_Truthy("x", "y")).authorize("b", {}, FULL) is False


@pytest.fixture
def snapshot(site, defaults):
    site.write(
        "'things:list': 'project_id:%(project_id)s'\n"
        "'things:show': \"'x':%(project_id)s or '%':%(percent)s\"\n"
        "'things:update': 'project_id:%(things.owner)s'\n"
    )
    return build(read(site.settings()), site.settings(), defaults)


@pytest.mark.parametrize("mine", ["", "p", "None"])
@pytest.mark.parametrize(
    "target", [{}, {"project_id": ""}, {"project_id": None}, {"project_id": "None"}]
)
def test_an_absent_attribute_matches_nothing(snapshot, mine, target):
    identity = Identity(user_id="u", project_id=mine)
    expected = bool(mine) and target.get("project_id") == mine
    assert snapshot.authorize("things:list", target, identity) is expected
    assert snapshot.authorize("things:show", target, identity) is False


def test_a_dotted_name_is_one_name_of_the_target(snapshot):
    identity = Identity(project_id="p")
    assert snapshot.authorize("things:update", {"things.owner": "p"}, identity)
    assert not snapshot.authorize("things:update", {"things": {"owner": "p"}}, identity)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [({"system_scope": "all"}, True), ({"domain_id": "d"}, True), ({"project_id": "p"}, False)],
)
def test_the_scope_of_the_token_is_enforced_and_raises_nothing(snapshot, scope, allowed, caplog):
    identity = Identity(user_id="u", roles=("admin",), **scope)
    assert snapshot.authorize("things:reset", {}, identity) is allowed
    assert caplog.records == []
