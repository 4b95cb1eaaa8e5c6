"""Random policies, callers and targets: every construct of check strings, in any combination."""

from __future__ import annotations

import functools
import itertools
import re

from hypothesis import strategies as st
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.credentials import LISTS, TEXTS

_MOVED = {"deprecated_reason": "it moved", "deprecated_since": "1"}
HELPERS = ("h0", "h1", "hé2")
FALLBACKS = ("default", "fallback")
NAMES = ("project_id", "user_id", "inventory.total", "role", "ünïcode")
ATTRIBUTES = (*TEXTS, "roles", "service_roles", "system", "nothing", "user_id.name")
VALUES = ("p", "q", "all", "True", "1", "None", "é", "e\u0301")
ROLES = ("admin", "Admin", "reader", "member", "ÜNÏ", "ünï", "straße", "STRASSE", "İ")
LITERALS = ("'p'", '"all"', "1", "True", "'é'", "-1", "('p')", "1.0", "['p','q']")

CONSTRUCTS = {
    "a role": r"\brole:",
    "a role that the target names": r"\brole:%",
    "a role in another case": r"\brole:(Admin|ÜNÏ|STRASSE)",
    "a literal on the left": r"'p':|\b1:",
    "a literal on the right": r"_id:[pq]\b",
    "a list on the left": r"\broles:",
    "a dotted name": r"user_id\.name:",
    "and": r"(?i) and ",
    "or": r"(?i) or ",
    "not": r"not ",
    "parentheses within each other": r"\([^()]*\(",
    "a rule that is not defined": r"rule:nowhere",
    "a default rule": r"\n(default|fallback): ",
    "a check of the older kind": r"house3:",
    "a check of the newer kind": r"house4:",
    "a check that fails": r"house[34]:broken",
    "the new name given to the old": r"\nold: rule:new\n",
}
"""What has to occur in the policies, as YAML."""


class House3(policy.Check):
    """Somebody else's check of the older kind: it is not told the rule."""

    def __call__(self, target, creds, enforcer):
        if self.match == "broken":
            raise RuntimeError(self.match)
        return self.match % target == creds.get("user_id")  # KeyError, if the target lacks it


class House4(policy.Check):
    """Somebody else's check of the newer kind: it is told the rule that was asked for."""

    def __call__(self, target, creds, enforcer, current_rule=None):
        if self.match == "broken":
            raise RuntimeError(self.match)
        return 7 if self.match in (current_rule, *creds["roles"], *target) else None


def things_defaults():
    """Rules of every scope, and replaced ones of each sort that oslo.policy knows."""

    def renamed(name, old, check):
        older = policy.DeprecatedRule(old, check, **_MOVED)
        return policy.RuleDefault(name, "role:member", deprecated_rule=older)

    return [
        policy.RuleDefault("any", "rule:h0 or rule:h1"),
        policy.RuleDefault("project", "rule:h1", scope_types=["project"]),
        policy.RuleDefault("system", "rule:hé2", scope_types=["system"]),
        policy.RuleDefault("two", "not rule:hé2", scope_types=["system", "domain"]),
        renamed("new", "old", "role:reader or rule:h0"),
        renamed("same", "same", "role:admin"),
        renamed("far", "any", "rule:h0"),
        policy.RuleDefault("plain", "project_id:%(project_id)s or user_id:%(user_id)s"),
    ]


RULES = tuple(default.name for default in things_defaults())
_single_values = st.sampled_from(VALUES)
rights = st.one_of(
    _single_values,
    st.sampled_from([f"%({name})s" for name in NAMES]),
    st.sampled_from(["%(project_id)s%(user_id)s", "100%%", "x%(role)s", "a:b", ""]),
)
_roles = st.sampled_from([*ROLES, "%(role)s", "%(nowhere)s"])
_words = st.sampled_from(
    ["{} and {}", "{} OR {}", "not {} or {}", "({}) And not ({})", "({} or not ({}))", "not not {}"]
)


def joined(singles):
    """Up to eight of them."""
    pairs = st.builds(str.format, _words, singles, singles)
    fours = st.builds(str.format, _words, pairs, singles | pairs)
    return st.one_of(singles, pairs, fours, st.builds(str.format, _words, fours, pairs | fours))


@functools.cache  # making a strategy takes longer than drawing from it
def _checks(others: tuple[str, ...]):
    """Check strings whose references go to `others`, or nowhere."""
    theirs = st.sampled_from(["%(user_id)s", "broken", "admin", "project_id", "two", "any"])
    return joined(
        st.one_of(
            st.sampled_from(["@", "!", "is_admin_project:True", "rule:nowhere"]),
            _roles.map("role:{}".format),
            st.builds("{}:{}".format, st.sampled_from(ATTRIBUTES), rights),
            st.builds("{}:{}".format, st.sampled_from(LITERALS), rights),
            st.builds("house{}:{}".format, st.sampled_from([3, 4]), theirs),
            *([st.sampled_from(others).map("rule:{}".format)] * 2 if others else []),
        )
    )


@functools.cache
def policies(*, circles: bool):
    """Policy files. A helper refers to those before it, unless circles are wanted."""
    whole = (*HELPERS, *RULES, "old")
    targets = {name: HELPERS[:at] for at, name in enumerate(HELPERS)}
    targets |= dict.fromkeys((*RULES, "old", *FALLBACKS), HELPERS)
    if circles:
        targets = dict.fromkeys(targets, whole)
    checks = {name: _checks(others) for name, others in targets.items()}
    other = checks["old"]
    checks["old"] = st.booleans().flatmap(lambda alias: st.just("rule:new") if alias else other)
    needed = {name: checks.pop(name) for name in HELPERS}
    return st.fixed_dictionaries(needed, optional=checks)


def occurring(text: str) -> list[str]:
    """The constructs in a policy file."""
    return [name for name, form in CONSTRUCTS.items() if re.search(form, f"\n{text}")]


_optional = st.sampled_from(["", *VALUES])
identities = st.builds(
    Identity,
    **dict.fromkeys(TEXTS, _optional),
    **dict.fromkeys(LISTS, st.lists(st.sampled_from(ROLES + VALUES), max_size=3).map(tuple)),
    is_admin_project=st.booleans(),
)
targets = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(NAMES, st.none() | st.sampled_from(["", *VALUES, *ROLES]))
)


def askers(people, things):
    """Each of some identities with each of some targets."""
    return st.builds(
        lambda *lists: list(itertools.product(*lists)),
        st.lists(identities, min_size=people, max_size=people),
        st.lists(targets, min_size=things, max_size=things),
    )


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
deep_checks = joined(st.builds("{}:{}".format, _paths, rights) | _roles.map("role:{}".format))
deep_credentials = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys("abc", _trees) | {"roles": st.lists(st.sampled_from(ROLES), max_size=3)},
)
