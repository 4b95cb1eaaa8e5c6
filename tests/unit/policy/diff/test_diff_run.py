"""Several operations compared in one run: what they have in common is decided once."""

from __future__ import annotations

import pytest
from oslo_policy import _checks, policy

from policy_proxy.policy import assembly
from policy_proxy.policy.diff import compare, diagrams
from policy_proxy.policy.diff.atoms import TargetFacts
from policy_proxy.policy.diff.change import Doubt
from policy_proxy.policy.diff.compare import changes
from policy_proxy.policy.diff.oracle import side

NAMES = [f"things:{number}" for number in range(8)]
OWN = TargetFacts(frozenset({"project_id", "trait"}), own=frozenset({"project_id"}))
OTHERS = TargetFacts(frozenset({"project_id", "trait"}))
SPENT = Doubt(
    "the comparison as a whole is too large to be decided: others may gain or lose as well",
    gain=True,
    loss=True,
)


@pytest.fixture
def sides_of(policy_settings):
    """Two policies: of each operation the check before and after."""

    def made(old, new, scopes=None):
        return tuple(_side(policy_settings(), checks, scopes) for checks in (old, new))

    return made


def _side(settings, checks, scopes):
    def defaults():
        return [policy.RuleDefault(*each, scope_types=scopes) for each in checks.items()]

    return side(
        assembly.snapshot(assembly.loaded({}, settings, defaults()), {}, "r"), settings, defaults
    )


@pytest.fixture
def spaces(monkeypatch):
    """The questions that were decided: a space is made for each."""
    made = []

    def space(*arguments):
        made.append(arguments)
        return diagrams_space(*arguments)

    diagrams_space = compare.Space
    monkeypatch.setattr(compare, "Space", space)
    return made


def alike(check, helper):
    return {**dict.fromkeys(NAMES, check), "helper": helper}


def test_what_many_operations_share_is_decided_once(sides_of, spaces):
    sides = sides_of(alike("rule:helper", "role:a"), alike("rule:helper", "role:b"))
    facts = {name: TargetFacts(frozenset({name})) for name in NAMES}

    found = list(changes(*sides, NAMES, facts))

    assert len(spaces) == 1
    assert [change.rule for change in found] == NAMES
    assert {kind.who for change in found for kind in change.gained} == {"role b without role a"}


def test_what_differs_in_facts_is_not_shared(sides_of):
    check = "project_id:p and project_id:%(project_id)s"
    sides = sides_of(alike("project_id:p", "@"), alike(check, "@"))

    own, others, anywhere = changes(*sides, NAMES[:3], {NAMES[0]: OWN, NAMES[1]: OTHERS})

    assert own.unchanged
    assert others.lost
    assert anywhere.lost


def test_the_same_text_in_other_rules_is_not_shared(sides_of):
    old = {NAMES[0]: "role:a", NAMES[1]: "role:a"}
    found = list(changes(*sides_of(old, {**old, NAMES[1]: "role:b"}), NAMES[:2], {}))

    assert [change.unchanged for change in found] == [True, False]


def test_an_example_fits_the_targets_of_its_operation(sides_of):
    """Both have a trait, one of them a name as well: no example has what its operation has not."""
    check = "role:%(trait)s or role:%(name)s"
    sides = sides_of(alike("!", "@"), alike(check, "@"))
    facts = {
        NAMES[0]: TargetFacts(frozenset({"trait", "name"})),
        NAMES[1]: TargetFacts(frozenset({"trait"})),
    }

    both, one = changes(*sides, NAMES[:2], facts)

    assert {name for kind in both.gained for name in kind.target} == {"trait", "name"}
    assert {name for kind in one.gained for name in kind.target} == {"trait"}


def test_an_extension_is_called_for_each_operation(sides_of, monkeypatch):
    """It may look at the name of the rule that is asked for."""

    class Named(_checks.Check):
        def __call__(self, target, creds, enforcer, current_rule=None):
            return current_rule == NAMES[0]

    monkeypatch.setitem(_checks.registered_checks, "named", Named)
    sides = sides_of(alike("!", "@"), alike("named:x", "@"))

    first, second = changes(*sides, NAMES[:2], {})

    assert first.gained
    assert not second.gained
    assert second.undecided


def test_beyond_what_a_run_may_cost_nothing_is_called_unchanged(sides_of, monkeypatch):
    """What comes first is decided; of the others somebody is shown who differs."""
    old = {name: f"role:a{name}" for name in NAMES}
    new = {name: f"{check} or role:b" for name, check in old.items()}
    monkeypatch.setattr(diagrams, "MAX_RUN", 200)

    found = list(changes(*sides_of(old, new), NAMES, {}))

    assert not found[0].undecided
    assert found[-1].undecided == (SPENT,)
    assert all(change.gained and not change.lost for change in found)
    assert not any(change.undecided for change in changes(*sides_of(old, new), NAMES[:1], {}))


@pytest.mark.parametrize("most", range(0, 400, 20))
def test_wherever_a_run_is_cut_short_it_says_nothing_wrong(sides_of, monkeypatch, most):
    old = dict.fromkeys(NAMES[:2], "role:a or role:b or role:c")
    new = {NAMES[0]: "role:b or role:a or role:c", NAMES[1]: "role:a or role:d"}
    monkeypatch.setattr(diagrams, "MAX_RUN", most)

    same, other = changes(*sides_of(old, new), NAMES[:2], {})

    assert not same.gained
    assert not same.lost
    assert other.gained
    assert other.lost
    assert not any(doubt == SPENT for doubt in same.undecided) or SPENT in other.undecided


def test_nobody_is_shown_twice(sides_of, monkeypatch):
    """Of the many ways to be tried, every other one is the same caller's."""
    monkeypatch.setattr(diagrams, "MAX_RUN", 0)
    sides = sides_of({NAMES[0]: "role:a"}, {NAMES[0]: "role:a or role:b"}, ["project"])

    (change,) = changes(*sides, NAMES[:1], {})

    assert [kind.who for kind in change.gained] == [
        "for example role b with a project-scoped token"
    ]
