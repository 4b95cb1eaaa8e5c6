"""The matrix, read as its reader is told to, is oslo.policy's verdict for everybody there is in a
universe small enough to try.
"""

from __future__ import annotations

import functools
import itertools

from hypothesis import event, given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.model import Identity
from policy_proxy.policy.matrix.grid import Change, Effect
from unit.policy.combined_checks import SCOPE_TYPES, combined

RULES = ("things:do", "things:see")

SINGLES = st.one_of(
    st.sampled_from(["a", "b", "C", "%(t)s"]).map("role:{}".format),
    st.sampled_from(["a", "b", "c"]).map("role:{}".format),
    st.sampled_from(["A", "c", "%(t)s"]).map("roles:{}".format),
    st.sampled_from(["a", "x"]).map("service_roles:{}".format),
    st.sampled_from(["p", "%(t)s", "%(s)s"]).map("project_id:{}".format),
    st.sampled_from(["u", "a", "%(t)s"]).map("user_id:{}".format),
    st.sampled_from(["@", "!", "system_scope:all", "'a':%(t)s", "is_admin_project:True"]),
)
CHECKS = combined(SINGLES)
POLICIES = st.tuples(CHECKS, CHECKS, SCOPE_TYPES, SCOPE_TYPES)

_SCOPES = [{"project_id": "p"}, {"domain_id": "d"}, {"system_scope": "all"}]
_ROLES = [("other",), ("A",), ("b",), ("c", "other"), ("a", "B"), ("b", "C"), ("a", "b", "c")]
_TARGETS = [{"t": "p", "s": "q"}, {"t": "a"}, {"t": "A", "s": "p"}, {"t": "other"}, {"t": "b"}, {}]


@functools.cache
def universe():
    """All cases: a caller and a target."""
    callers = [
        Identity(user_id=user, roles=roles, service_roles=served, is_admin_project=yes, **scope)
        for (scope, roles), (user, served, yes) in itertools.product(
            [*itertools.product(_SCOPES, _ROLES), ({}, ())],
            [("u", (), True), ("a", ("a",), False), ("p", ("x", "c"), True)],
        )
    ]
    return list(itertools.product(callers, _TARGETS))


def scope_of(identity):
    scopes = {"project": identity.project_id, "domain": identity.domain_id}
    scopes["system"] = identity.system_scope
    return next((scope for scope, value in scopes.items() if value), "")


def places_for(grid, identity):
    """The columns that count for a caller, as docs/matrix.md says."""
    had = {role.lower() for role in identity.roles}
    fit = {
        place: {*column.roles}
        for place, column in enumerate(grid.columns)
        if scope_of(identity) in column.scopes and had.issuperset(column.roles)
    }
    return [place for place, roles in fit.items() if not any(roles < more for more in fit.values())]


def read(cell, case, is_true):
    """What a cell says of a caller and a target."""
    assert cell.effect is not Effect.UNDECIDED
    if cell.effect is not Effect.DEPENDS:
        return cell.effect is Effect.ALLOWED
    return any(all(is_true(atom, *case) is holds for atom, holds in c.items()) for c in cell.cubes)


@settings(max_examples=some(80), deadline=None)
@given(checks=POLICIES)
def test_what_is_read_is_what_oslo_policy_says(side_with, grid_of, is_true, checks):
    side = side_with(*checks)
    grid = grid_of(side)
    event(f"combinations: {sum(len(column.roles) > 1 for column in grid.columns) > 0}")
    assert grid.complete
    for case, row in itertools.product(universe(), grid.rows):
        places = places_for(grid, case[0])
        assert places or scope_of(case[0]) in grid.shut
        said = any(read(row.entries[place].cells[0], case, is_true) for place in places)
        assert said is side.oracle(row.rule, case[1], case[0]), (case, row)
        assert said is side.snapshot.authorize(row.rule, case[1], case[0])


@settings(max_examples=some(60), deadline=None)
@given(old=POLICIES, new=POLICIES)
def test_changes_are_those_of_oslo_policy(side_with, grid_of, old, new):
    """Nobody gains or loses in a kind of caller of which it is not said."""
    sides = side_with(*old), side_with(*new)
    grid = grid_of(*sides)
    gained, lost = {Change.GAINED, Change.BOTH}, {Change.LOST, Change.BOTH}
    for (identity, target), row in itertools.product(universe(), grid.rows):
        was, is_ = (side.oracle(row.rule, target, identity) for side in sides)
        for place in exact_places(grid, identity):
            change = row.entries[place].change
            assert change is not Change.PERHAPS
            assert change in (gained if is_ > was else lost if was > is_ else Change)


def exact_places(grid, identity):
    """The column of exactly the roles that a caller has."""
    mentioned = {role for column in grid.columns for role in column.roles}
    had = mentioned & {role.lower() for role in identity.roles}
    for place, column in enumerate(grid.columns):
        if scope_of(identity) in column.scopes and {*column.roles} == had:
            yield place


@settings(max_examples=some(60), deadline=None)
@given(old=POLICIES, new=POLICIES)
def test_every_example_shows_what_it_is_for(side_with, grid_of, old, new):
    sides = side_with(*old), side_with(*new)
    for row in grid_of(*sides).rows:
        for entry in row.entries:
            asked = [(row.rule, target, identity) for identity, target in entry.examples]
            flips = {(sides[0].oracle(*one), sides[1].oracle(*one)) for one in asked}
            if entry.change is Change.NONE:
                effect = entry.cells[1].effect
                wanted = {Effect.ALLOWED: {True}, Effect.DENIED: {False}}.get(effect, {True, False})
                assert {is_ for _, is_ in flips} == wanted, entry
            else:
                gains, losses = (False, True), (True, False)
                both = {Change.GAINED: {gains}, Change.LOST: {losses}, Change.BOTH: {gains, losses}}
                assert flips == both[entry.change]
