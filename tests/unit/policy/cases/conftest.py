"""Policies of a few rules, and everybody who could ask."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import strategies as st
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy import assembly

_SINGLES = st.sampled_from(
    [
        *("@", "!", "role:a", "role:b", "user_id:u", "is_admin_project:True"),
        *("project_id:%(project_id)s", "project_id:p", "'v':%(size)s", "user_id:%(size)s"),
        "system_scope:all",
    ]
)


def checks(*references):
    """Check strings of at most five checks, which may refer to these rules."""
    singles = _SINGLES | st.sampled_from(references) if references else _SINGLES
    words = st.sampled_from(
        ["{} and {}", "{} or {}", "not {} or {}", "({}) and not ({})", "not ({} or {}) and {}"]
    )
    pairs = st.builds(lambda form, *some: form.format(*some), words, singles, singles, singles)
    return st.one_of(
        singles,
        pairs,
        st.builds("({}) or {} and {}".format, pairs, singles, singles),
    )


POLICIES = st.fixed_dictionaries(
    {"helper": checks(), "one": checks("rule:helper"), "two": checks("rule:helper", "not rule:one")}
)


def _snapshot(settings, rules, scopes):
    def defaults():
        return [
            policy.RuleDefault(name, check, scope_types=scopes if name in ("one", "two") else None)
            for name, check in rules.items()
        ]

    return assembly.snapshot(assembly.loaded({}, settings, defaults()), {}, "r")


@pytest.fixture(scope="session")
def snapshot_of(policy_settings):
    """A policy with these rules as defaults. `one` and `two` are the operations."""
    return lambda rules, scopes=None: _snapshot(policy_settings(), rules, scopes)


def _everybody():
    roles = [("a",), ("b",), ("a", "b"), ("c",)]
    scopes = [{"project_id": "p"}, {"project_id": "q"}, {"domain_id": "d"}, {"system_scope": "all"}]
    tokens = [
        *({**scope, "roles": held} for scope, held in itertools.product(scopes, roles)),
        {},  # a token without a scope has no roles
    ]
    for token, user, admin in itertools.product(tokens, ("u", "v", "w"), (True, False)):
        yield Identity(**token, user_id=user, is_admin_project=admin)


@pytest.fixture(scope="session")
def everybody():
    """Each kind of caller that the checks above tell apart, with each kind of target."""
    values = (None, "p", "q"), (None, "v", "u", "w")
    targets = [
        {name: value for name, value in zip(("project_id", "size"), some, strict=True) if value}
        for some in itertools.product(*values)
    ]
    return list(itertools.product(_everybody(), targets))


@pytest.fixture(scope="session")
def policies():
    return POLICIES
