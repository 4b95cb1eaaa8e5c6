"""Columns, effects and changes of small policies."""

from __future__ import annotations

import pytest
from oslo_policy import _checks

from policy_proxy.policy.diff import diagrams
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.matrix import build, question
from policy_proxy.policy.matrix.grid import Change, Effect

A, D, IF, OPEN = Effect.ALLOWED, Effect.DENIED, Effect.DEPENDS, Effect.UNDECIDED


def columns(grid):
    return [(*column.scopes, " + ".join(column.roles)) for column in grid.columns]


def effects(grid, policy=0):
    """Of the first operation."""
    return [entry.cells[policy].effect for entry in grid.rows[0].entries]


def conditions(grid):
    return [entry.cells[0].conditions for entry in grid.rows[0].entries]


def test_a_column_for_each_role_and_one_for_all_others(side_with, grid_of):
    grid = grid_of(side_with("rule:h", "role:B", ["project"], ["project"], h="role:a"))

    assert columns(grid) == [("project", "a"), ("project", "b"), ("project", "")]
    assert [[entry.cells[0].effect for entry in row.entries] for row in grid.rows] == [
        [A, D, D],
        [D, A, D],
    ]
    assert grid.shut == ("domain", "system", "")
    assert grid.complete


def test_roles_of_rules_that_nothing_asks_for_have_no_column(side_with, grid_of):
    grid = grid_of(side_with("role:a", h="role:idle"))

    assert {role for column in grid.columns for role in column.roles} == {"a"}


def test_scopes_in_which_all_is_alike_share_their_columns(side_with, grid_of):
    grid = grid_of(side_with("role:a", do_scopes=["system", "domain"]))

    assert columns(grid) == [
        ("project", "a"),
        ("project", ""),
        ("domain", "system", "a"),
        ("domain", "system", ""),
    ]
    assert effects(grid) == [D, D, A, D]
    assert grid.shut == ("",)


def test_a_token_without_a_scope_has_a_column_where_it_may_do_something(side_with, grid_of):
    grid = grid_of(side_with("not role:a", do_scopes=["project"]))

    assert columns(grid)[-1] == ("", "")
    assert effects(grid) == [D, A, A]


def test_what_it_depends_on(side_with, grid_of):
    check = "role:a and (project_id:%(project_id)s or service_roles:s)"
    grid = grid_of(side_with(check, do_scopes=["project"]))

    assert effects(grid) == [IF, D]
    (first, _) = conditions(grid)
    assert sorted(first) == ["whose project_id is the target's", "with service role s"]


def test_facts_about_targets_count(side_with, grid_of):
    """What is the caller's own depends on nothing; what is never there allows nobody."""
    side = side_with("role:a and project_id:%(project_id)s", "role:a and user_id:%(x)s")
    own = TargetFacts(frozenset({"project_id"}), frozenset({"project_id"}))

    grid = grid_of(side, do=own, see=TargetFacts(frozenset()))

    assert [entry.cells[0].effect for entry in grid.rows[0].entries[:2]] == [A, D]
    assert {entry.cells[0].effect for entry in grid.rows[1].entries} == {D}


def test_roles_that_only_together_may_have_a_column(side_with, grid_of):
    grid = grid_of(side_with("role:a and role:b", "role:c", ["project"], ["project"]))

    assert columns(grid)[3:] == [("project", "a + b"), ("project", "")]
    assert effects(grid) == [D, D, D, A, D]


def test_a_role_that_takes_away_has_a_column_with_each_that_gives(side_with, grid_of):
    grid = grid_of(side_with("role:a and not role:b", do_scopes=["project"]))

    assert columns(grid) == [("project", name) for name in ("a", "b", "a + b", "")]
    assert effects(grid) == [A, D, D, D]


def test_a_role_that_takes_away_what_everybody_has(side_with, grid_of):
    """Also from callers with a role that another rule mentions."""
    grid = grid_of(side_with("not role:b", "role:a", ["project"], ["project"]))

    assert columns(grid)[:4] == [("project", name) for name in ("b", "a", "b + a", "")]
    assert effects(grid)[:4] == [D, A, D, A]


def test_more_combinations_than_there_is_room_for_are_told(side_with, grid_of, monkeypatch):
    monkeypatch.setattr(build, "MAX_COMBINATIONS", 2)

    whole = grid_of(side_with("role:a and role:b or role:c and role:d"))
    cut = grid_of(side_with("role:a and role:b or role:c and role:d or role:a and role:d"))

    assert whole.complete
    assert not cut.complete
    assert len(cut.columns) == len(whole.columns)


def test_more_conditions_than_are_told_apart_are_told(side_with, grid_of, monkeypatch):
    monkeypatch.setattr(question, "MAX_CONDITIONS", 2)
    users = " or ".join(f"user_id:u{number}" for number in range(3))

    grid = grid_of(side_with(f"role:a and ({users})", do_scopes=["project"]))

    cell = grid.rows[0].entries[0].cells[0]
    assert cell.effect is IF
    assert len(cell.conditions) == 2
    assert cell.remark == "there are more conditions"
    assert grid.complete


def test_spelling_counts_where_a_check_minds_it(side_with, grid_of):
    grid = grid_of(side_with("roles:A", do_scopes=["project"]))

    assert columns(grid) == [("project", "a"), ("project", "")]
    assert conditions(grid)[0] == ("with role spelled A",)


def test_a_remote_server_is_not_asked_and_nothing_is_made_up(side_with, grid_of):
    grid = grid_of(side_with("role:a and https://example.invalid/", do_scopes=["project"]))

    entry = grid.rows[0].entries[0]
    assert entry.cells[0].effect is IF
    assert entry.cells[0].remark == "a remote server decides"
    assert entry.examples == ()
    assert effects(grid)[1] is D


def test_a_check_of_an_extension_is_asked_about_examples(side_with, grid_of, monkeypatch):
    class Shut(_checks.Check):
        def __call__(self, target, creds, enforcer, current_rule=None):
            return False

    monkeypatch.setitem(_checks.registered_checks, "shut", Shut)

    grid = grid_of(side_with("role:a and shut:x", do_scopes=["project"]))

    entry = grid.rows[0].entries[0]
    assert entry.cells[0].effect is IF
    assert entry.cells[0].remark == "no example was found"
    assert len(entry.examples) == 1


@pytest.mark.parametrize("most", [0, 40, 200])
def test_what_is_too_large_is_undecided_and_never_anything_else(
    side_with, grid_of, monkeypatch, most
):
    side = side_with("role:a or role:b", do_scopes=["project"])
    whole = grid_of(side)
    monkeypatch.setattr(diagrams, "MAX_RUN", most)

    cut = grid_of(side)

    decided = dict(zip(columns(whole), effects(whole), strict=True))
    for column, effect in zip(columns(cut), effects(cut), strict=True):
        assert effect in {decided.get(column, D), OPEN}
    assert not (cut.complete and OPEN in effects(cut))


def test_nothing_decided_is_not_shown_as_complete(side_with, grid_of, monkeypatch):
    monkeypatch.setattr(diagrams, "MAX_RUN", 0)
    sides = side_with("role:a", do_scopes=["project"]), side_with("role:b")

    grid = grid_of(*sides)

    assert not grid.complete
    assert {entry.change for entry in grid.rows[0].entries} == {Change.PERHAPS}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("role:a", "role:a", Change.NONE),
        ("role:a and user_id:u", "user_id:u and role:a", Change.NONE),
        ("!", "role:a", Change.GAINED),
        ("role:a", "role:a and user_id:u", Change.LOST),
        ("role:a and user_id:u", "role:a and user_id:v", Change.BOTH),
        ("https://example.invalid/", "!", Change.PERHAPS),
    ],
)
def test_what_a_second_policy_changes(side_with, grid_of, old, new, change):
    sides = side_with(old, "role:a", ["project"]), side_with(new, "role:a", ["project"])

    grid = grid_of(*sides)

    assert grid.columns[0].roles == ("a",)
    assert grid.rows[0].entries[0].change is change
    assert grid.rows[1].entries[0].change is Change.NONE


def test_an_example_of_a_change_is_one_on_whom_it_shows(side_with, grid_of):
    sides = side_with("role:a", do_scopes=["project"]), side_with("!", do_scopes=["project"])

    ((identity, target),) = grid_of(*sides).rows[0].entries[0].examples

    assert identity.roles == ("a",)
    assert identity.project_id
    assert target == {}
