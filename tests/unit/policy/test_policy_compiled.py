"""What oslo.policy parsed becomes our nodes; what is somebody else's is called as it does."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import os
import subprocess
import sys

import pytest
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.compiled import compiled, scopes
from policy_proxy.policy.nodes import Always, HasRole, Literal, Matches, Never, Reference
from policy_proxy.policy.snapshot import PolicySnapshot


def _enforcer(**rules) -> policy.Enforcer:
    """Has these rules, each a check string or a check, and reads none."""
    enforcer = policy.Enforcer(cfg.ConfigOpts(), policy_file="none")
    enforcer.register_defaults([policy.RuleDefault(name, "!") for name in rules])
    checks = {
        name: policy.RuleDefault(name, rule).check if isinstance(rule, str) else rule
        for name, rule in rules.items()
    }
    enforcer.set_rules(checks, use_conf=False)
    return enforcer


def _snapshot(**rules) -> PolicySnapshot:
    enforcer = _enforcer(**rules)
    return PolicySnapshot("r", 0.0, compiled(enforcer), scopes(enforcer))


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        ("@", Always),
        ("", Always),
        ("!", Never),
        ("nonsense", Never),
        ("None:x", Never),
        ("rule:nowhere", Never),
        ("rule:a", Reference),
        ("role:a", HasRole),
        ("user_id:a", Matches),
        ("a.b:c", Matches),
        ("'a':b", Literal),
        ("1:b", Literal),
        ("True:%(x)s", Literal),
    ],
)
def test_each_construct_has_a_node(check, kind):
    assert type(compiled(_enforcer(a=check))["a"]) is kind


def test_an_undefined_rule_is_the_default_one():
    rules = compiled(_enforcer(a="rule:nowhere", default="role:b"))
    assert str(rules["a"]) == "rule:default"
    assert rules["a"].holds({"roles": ["b"]}, {})


@pytest.mark.parametrize("check", ["role:%s", "a:%(b)d", "a':b", "1+:b", "http://%(host)s/x"])
def test_what_could_not_be_evaluated_is_refused(check):
    with pytest.raises(ValueError, match=r"."):
        compiled(_enforcer(a=check))


class _Told(policy.Check):
    """Writes down how it is called, into the list that stands for its right side."""

    def __call__(self, target, creds, enforcer, current_rule=None):
        self.match.append((target, creds, enforcer, current_rule))
        return True


class _Untold(policy.Check):
    def __call__(self, target, creds, enforcer):
        self.match.append((target, creds, enforcer))
        return True


class _More(policy.Check):
    def __call__(self, target, creds, enforcer, current_rule, more="more"):
        self.match.append((target, creds, enforcer, current_rule, more))
        return True


class _Rest(policy.Check):
    def __call__(self, target, creds, enforcer, *rest):
        self.match.append((target, creds, enforcer, *rest))
        return True


class _Named(policy.Check):
    def __call__(self, target, creds, enforcer, *, current_rule="by name"):
        self.match.append((target, creds, enforcer, current_rule))
        return True


class _Wrapped(policy.Check):
    @functools.wraps(_Told.__call__)
    def __call__(self, *given):
        self.match.append(given)
        return True


@pytest.mark.parametrize("kind", [_Told, _Untold, _More, _Rest, _Named, _Wrapped])
@pytest.mark.parametrize("scope", [{"project_id": "p"}, {"system_scope": "all"}])
def test_a_check_is_given_what_oslo_policy_gives_it(kind, scope):
    """Also in a rule that another one refers to: both tell it which rule was asked for."""
    calls = []
    enforcer = _enforcer(outer="not rule:inner", inner=kind("house", calls))
    ours = PolicySnapshot("r", 0.0, compiled(enforcer), scopes(enforcer))
    shared = {"user_id": "u", **scope}
    context = RequestContext(overwrite=False, roles=["a"], is_admin_project=False, **shared)
    enforcer.authorize("outer", {"t": "1"}, context)
    assert ours.authorize("outer", {"t": "1"}, Identity(roles=("a",), **shared)) is False
    assert len(calls) == 2
    assert calls[0] == calls[1]


def test_a_check_is_given_no_target_attribute_that_is_absent():
    calls = []
    ours = _snapshot(a=_Untold("house", calls))
    ours.authorize("a", {"t": "1", "none": None, "empty": ""}, Identity())
    assert [target for target, *_ in calls] == [{"t": "1"}]


HOUSE = """
from oslo_policy import policy

CALLS = []

class Told(policy.Check):
    def __call__(self, target, creds, enforcer, current_rule=None):
        CALLS.append([self.match, dict(target), creds["user_id"], current_rule])
        return self.match == "yes"

class Untold(policy.Check):
    def __call__(self, target, creds, enforcer):
        CALLS.append([self.match, dict(target), creds["user_id"], ""])
        return self.match % target == creds["user_id"]
"""

ENTRY_POINTS = """
[oslo.policy.rule_checks]
told = house:Told
untold = house:Untold
"""

RULES = """
"x:one": "told:yes and rule:two"
"two": "untold:%(owner)s and not told:no"
"""

ASKING = """
import json, sys
import house
from oslo_policy import policy
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.source import read

settings = PolicySettings(sys.argv[1], (), "default", True, 1.0, True)
snapshot = build(read(settings), settings, lambda: [policy.RuleDefault("x:one", "!")])
verdicts = [
    snapshot.authorize("x:one", {"owner": owner}, Identity(user_id="u")) for owner in ("u", "v")
]
print(json.dumps({"verdicts": verdicts, "calls": house.CALLS}))
"""


def test_checks_of_another_distribution_are_found_and_called(tmp_path):
    """In a process of its own: entry points are looked for once."""
    about = tmp_path / "house-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: house\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "house.py").write_text(HOUSE)
    file = tmp_path / "policy.yaml"
    file.write_text(RULES)
    paths = {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    finished = subprocess.run(
        [sys.executable, "-c", ASKING, str(file)],
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    ours, others = {"owner": "u"}, {"owner": "v"}
    assert json.loads(finished.stdout) == {
        "verdicts": [True, False],
        "calls": [
            ["yes", ours, "u", "x:one"],
            ["%(owner)s", ours, "u", ""],
            ["no", ours, "u", "x:one"],
            ["yes", others, "u", "x:one"],
            ["%(owner)s", others, "u", ""],
        ],
    }


URL = "https://policy.example/v1/decide?for=things"
SOMEBODY = Identity(
    user_id="u", project_id="p", roles=("a",), token="secret-token", service_token="another-secret"
)


def _asked(answer):
    """A policy with a remote check two references away, and the questions that it asked."""
    questions = []

    def ask(url, payload):
        questions.append((url, payload))
        return answer()

    made = _snapshot(outer="rule:inner", other="not rule:inner", inner=URL)
    return dataclasses.replace(made, ask=ask), questions


@pytest.mark.parametrize("answer", [True, False])
def test_a_remote_check_is_asked_and_believed(answer):
    snapshot, _ = _asked(lambda: answer)
    assert snapshot.authorize("outer", {}, SOMEBODY) is answer
    assert snapshot.authorize("other", {}, SOMEBODY) is not answer


def test_a_remote_server_is_told_what_oslo_policy_tells_it_and_no_token():
    snapshot, questions = _asked(lambda: True)
    snapshot.authorize("outer", {"t": "1"}, SOMEBODY)
    ((url, payload),) = questions
    context = RequestContext(
        overwrite=False, user_id="u", project_id="p", roles=["a"], is_admin_project=False
    )
    assert url == URL
    assert payload == {
        "rule": "outer",
        "target": {"t": "1"},
        "credentials": dict(context.to_policy_values()),
    }
    assert "secret" not in repr(questions)


def _fails():
    raise TimeoutError("no answer in time")


def test_a_question_that_fails_denies_also_under_not(caplog):
    caplog.set_level(logging.ERROR, "policy_proxy.policy.snapshot")
    snapshot, _ = _asked(_fails)
    assert snapshot.authorize("outer", {}, SOMEBODY) is False
    assert snapshot.authorize("other", {}, SOMEBODY) is False
    assert "no answer in time" in caplog.text


def test_unless_it_is_said_how_nobody_is_asked_which_denies(caplog):
    caplog.set_level(logging.ERROR, "policy_proxy.policy.snapshot")
    snapshot = _snapshot(a=URL, b=f"not {URL}", c=f"role:a or {URL}")
    assert snapshot.authorize("a", {}, SOMEBODY) is False
    assert snapshot.authorize("b", {}, SOMEBODY) is False
    assert snapshot.authorize("c", {}, SOMEBODY) is True
    assert "allow_remote_checks" in caplog.text
