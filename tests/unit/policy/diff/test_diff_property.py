"""The comparison agrees with trying everybody, in a universe small enough for that."""

from __future__ import annotations

import functools
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_proxy.model import Identity
from policy_proxy.policy.diff.atoms import ANY_TARGET, Scoped
from policy_proxy.policy.diff.meaning import atoms_of
from policy_proxy.policy.diff.theory import SCOPES, theory
from unit.policy.combined_checks import SCOPE_TYPES, combined

RULE = "things:do"

SINGLES = st.one_of(
    st.sampled_from(["@", "!", "is_admin_project:True", "is_admin_project:%(t)s"]),
    st.sampled_from(["admin", "Admin", "reader", "%(t)s"]).map("role:{}".format),
    st.sampled_from(["admin", "Admin", "%(t)s"]).map("roles:{}".format),
    st.sampled_from(["p", "q", "%(t)s", "%(s)s"]).map("project_id:{}".format),
    st.sampled_from(["p", "admin", "%(t)s", "%(s)s"]).map("user_id:{}".format),
    st.sampled_from(["p", "%(t)s"]).map("domain_id:{}".format),
    st.sampled_from(["all", "%(t)s"]).map("system_scope:{}".format),
    st.sampled_from(["'p'", "'Admin'", "'True'", "'all'"]).map("{}:%(t)s".format),
    st.sampled_from(["'p'", "'q'"]).map("{}:%(s)s".format),
)
CHECKS = combined(SINGLES)

_WITH_SCOPE = [
    {"project_id": "p"},
    {"project_id": "admin"},
    {"domain_id": "p"},
    {"system_scope": "all"},
]
_ROLES = [("other",), ("Admin",), ("reader", "ADMIN"), ("p", "admin")]


def everybody():
    scoped = itertools.product(_WITH_SCOPE, _ROLES)
    return [
        Identity(user_id=user, roles=roles, is_admin_project=user == "u", **scope)
        for (scope, roles), user in itertools.product([*scoped, ({}, ())], ["p", "admin", "u"])
    ]


_TARGETS = [
    {"t": "p", "s": "p"},
    {"t": "p"},
    {"t": "q", "s": "p"},
    {"t": "Admin", "s": "q"},
    {"t": "admin"},
    {"t": "True", "s": "p"},
    {"t": "all"},
    {},
]


@functools.cache
def universe():
    """All cases: a caller and a target."""
    return list(itertools.product(everybody(), _TARGETS))


def _matches(kind, case, is_true):
    return all(is_true(atom, *case) is holds for atom, holds in kind.cube.items())


@settings(max_examples=60, deadline=None)
@given(old=CHECKS, new=CHECKS, scopes=SCOPE_TYPES)
def test_nobody_is_missed_and_nobody_made_up(side_of, change_between, is_true, old, new, scopes):
    """Every caller who gains is described, and whoever is described gains."""
    change = change_between(old, new, scopes)
    assert not [doubt for doubt in change.undecided if "more kinds" not in doubt.text]
    before, after = side_of(old, scopes).snapshot, side_of(new, scopes).snapshot
    for case in universe():
        identity, target = case
        was, is_ = (one.authorize(RULE, target, identity) for one in (before, after))
        for gain, kinds in ((True, change.gained), (False, change.lost)):
            changes = (was, is_) == (not gain, gain)
            described = any(_matches(kind, case, is_true) for kind in kinds)
            assert changes is described or (changes and change.undecided), (case, kinds)


@settings(max_examples=60, deadline=None)
@given(old=CHECKS, new=CHECKS, scopes=SCOPE_TYPES)
def test_every_example_flips(side_of, change_between, is_true, old, new, scopes):
    change = change_between(old, new, scopes)
    sides = side_of(old, scopes), side_of(new, scopes)
    for gain, kinds in ((True, change.gained), (False, change.lost)):
        for kind in kinds:
            asked = RULE, kind.target, kind.identity
            assert [one.oracle(*asked) for one in sides] == [not gain, gain]
            assert [one.snapshot.authorize(*asked) for one in sides] == [not gain, gain]
            assert _matches(kind, (kind.identity, kind.target), is_true), "it is of another kind"


@settings(max_examples=60, deadline=None)
@given(check=CHECKS)
def test_facts_are_true_of_everybody(side_of, is_true, check):
    """A fact that were not would hide changes."""
    node = side_of(check).snapshot.rules[RULE]
    known = theory({**atoms_of([node], ANY_TARGET), **dict.fromkeys(map(Scoped, SCOPES))})
    for case in universe():
        true = {atom: is_true(atom, *case) for atom in known.atoms}
        for clause in known.clauses:
            assert any(true[atom] is holds for atom, holds in clause), (clause, case)
        for group in known.exclusive:
            assert sum(true[atom] for atom in group) <= 1
