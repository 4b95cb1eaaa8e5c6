"""What is too large is said to be so; what is only long is decided."""

from __future__ import annotations

import gc

import pytest

from policy_proxy.policy.diff import diagrams
from policy_proxy.policy.diff.atoms import Attribute, TooLarge, edge
from policy_proxy.policy.diff.change import Doubt
from policy_proxy.policy.diff.compare import MAX_KINDS
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.diff.theory import MAX_ATOMS, theory

TOO_LARGE = Doubt("too large to be decided: others may gain or lose as well", gain=True, loss=True)


def any_of(form, count):
    return " or ".join(form.format(number) for number in range(count))


def mixed(count):
    """Pairs in an order in which every diagram of them is large."""
    return f"(not ({any_of('role:a{0}', count)}) and role:z) or " + any_of(
        "(role:a{0} and role:b{0})", count
    )


@pytest.mark.parametrize(
    "many",
    [
        any_of("role:r{}", 500),
        any_of("(role:a{0} and role:b{0})", 200) + " and role:c",
        "role:reader and (" + any_of("project_id:p{}", 400) + ")",
        any_of("(project_id:%(t{0})s and role:%(t{0})s)", 100),
    ],
    ids=["roles", "pairs", "projects", "targets"],
)
def test_a_long_rule_is_decided(change_between, many):
    change = change_between(many, f"({many}) or role:x")

    assert change.gained
    assert all(kind.who.startswith("role x") for kind in change.gained)
    assert not change.lost
    assert {doubt.text for doubt in change.undecided} <= {
        "more kinds of caller gain than are told apart"
    }


def test_a_long_rule_in_another_order_is_the_same(change_between):
    forwards = [f"(role:a{number} and project_id:p{number})" for number in range(150)]

    assert change_between(" or ".join(forwards), " or ".join(forwards[::-1])).unchanged


@pytest.mark.parametrize(
    "many",
    [any_of("role:r{}", MAX_ATOMS + 1), mixed(24)],
    ids=["more atoms", "more nodes"],
)
def test_what_is_too_large_is_not_called_unchanged(change_between, many):
    """Not even where it is. What is new is tried first, so that it can be shown."""
    assert change_between(many, f"{many} or role:r0").undecided == (TOO_LARGE,)
    change = change_between(many, f"{many} or role:x")

    assert change.undecided == (TOO_LARGE,)
    assert [kind.who for kind in change.gained][:1] == [
        "for example role x with a project-scoped token"
    ]
    assert not change.lost


@pytest.mark.parametrize("most", [150, 200, 300, 500, 1000])
def test_what_is_decided_stays_so_when_it_becomes_too_large_to_be_told(
    change_between, monkeypatch, most
):
    """However early that is: nobody is said to lose, and there is somebody who gains."""
    many = any_of("(role:a{0} and role:b{0})", 6)
    monkeypatch.setattr(diagrams, "MAX_NODES", most)

    change = change_between(many, f"{many} or role:x")

    assert change.gained
    assert not change.lost
    assert set(change.undecided) <= {
        TOO_LARGE,
        Doubt("more kinds of caller gain than are told apart", gain=True),
    }


def test_what_is_written_alike_is_unchanged_however_large(change_between):
    assert change_between(mixed(24), mixed(24)).unchanged


def test_more_kinds_than_are_told_apart(change_between):
    """Each is described and shown as far as they go; and there is no doubt about gains."""
    change = change_between(any_of("role:a{}", 60), any_of("role:a{}", 60).replace("or", "and"))

    assert not change.gained
    assert len(change.lost) == MAX_KINDS
    assert change.undecided == (
        Doubt("more kinds of caller lose than are told apart", gain=False, loss=True),
    )


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_space_that_is_full_stays_so(side_of):
    """And gives its memory back without a word."""
    node = side_of(mixed(24)).snapshot.rules["things:do"]
    space = Space([node])
    for _ in range(2):
        with pytest.raises(TooLarge):
            space.function(node)
    del space
    gc.collect()


def test_no_more_nodes_than_are_allowed(side_of, monkeypatch):
    node = side_of(any_of("role:r{}", 50)).snapshot.rules["things:do"]
    monkeypatch.setattr(diagrams, "MAX_NODES", 100)

    with pytest.raises(TooLarge):
        Space([node]).function(node)


@pytest.mark.parametrize("count", [23, 24, 300])
def test_no_more_equalities_than_atoms_are_allowed(count):
    """Each of some attributes with each of others: what follows is an equality for each pair."""
    hubs = [Attribute(f"hub {number}") for number in range(24)]
    others = [Attribute(f"other {number}") for number in range(count)]
    atoms = [edge(hub, other) for hub in hubs for other in others]

    with pytest.raises(TooLarge):
        theory(atoms)
    assert len(theory(atoms[: MAX_ATOMS // 2 : 24]).atoms) < MAX_ATOMS
