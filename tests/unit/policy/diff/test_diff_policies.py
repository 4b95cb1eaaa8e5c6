"""Whole policies, as they are built from files: what rules mean together is what is compared."""

from __future__ import annotations

import pytest
from oslo_policy import _checks, policy

from policy_proxy.model import Identity
from policy_proxy.policy import remote
from policy_proxy.policy.build import build
from policy_proxy.policy.diff.atoms import ANY_TARGET, TargetFacts
from policy_proxy.policy.diff.compare import changes
from policy_proxy.policy.diff.oracle import side
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.source import Sources

RULE = "things:do"
OWN = TargetFacts(frozenset({"project_id"}), own=frozenset({"project_id"}))


@pytest.fixture
def built(policy_settings, defaults):
    """A policy of the small service, with this file over its defaults."""

    def made(text="{}", **changes):
        settings = policy_settings(**changes)
        sources = Sources((("policy.yaml", text.encode()),), (), "r", ())
        return side(build(sources, settings, defaults), settings, defaults)

    return made


def change_of(rule, old, new, facts=ANY_TARGET):
    (change,) = changes(old, new, [rule], {} if facts is ANY_TARGET else {rule: facts})
    return change


def whoever(kinds):
    return [kind.who for kind in kinds]


def test_a_helper_changes_what_refers_to_it(built):
    old, new = built(), built('"admin_api": "role:boss"\n')

    change = change_of("things:list", old, new)

    assert {who.partition(" with ")[0] for who in whoever(change.gained)} == {"role boss"}
    assert {who.partition(" with ")[0] for who in whoever(change.lost)} == {"role admin"}
    assert change_of("things:show", old, new).unchanged


@pytest.mark.parametrize(("new_only", "kept"), [(True, False), (False, True)])
def test_a_rule_that_was_replaced_is_kept_or_not(built, new_only, kept):
    """`things:update` was `things:edit`, for editors: with the old defaults they are let in."""
    shut, now = (
        built(text, enforce_new_defaults=new_only) for text in ('"things:update": "!"', "{}")
    )

    gained = whoever(change_of("things:update", shut, now).gained)

    assert ("role editor" in gained) is kept
    assert "role member" in gained


def test_the_old_name_in_a_file_still_counts(built):
    old, new = built('"things:edit": "role:a"\n'), built('"things:update": "role:a"\n')

    assert change_of("things:update", old, new).unchanged


def test_what_new_defaults_change(built):
    old, new = built(enforce_new_defaults=False), built(enforce_new_defaults=True)

    assert whoever(change_of("things:update", old, new).lost) == ["role editor without role member"]


def test_a_default_rule_decides_nothing_here(built):
    """It stands in for rules that there are not: lint finds these, and nobody may ask for them."""
    old, new = built(), built('"default": "role:guest"\n')

    assert change_of("things:show", old, new).unchanged
    assert change_of("things:none", old, new).unchanged


@pytest.mark.parametrize(
    ("scopes", "who"),
    [
        (["system"], ["anyone with a system-scoped token"]),
        (
            ["domain", "system"],
            ["anyone with a domain-scoped token", "anyone with a system-scoped token"],
        ),
        (["galaxy"], []),
        (["galaxy", "system"], ["anyone with a system-scoped token"]),
        (None, ["anyone"]),
    ],
)
def test_scopes(change_between, scopes, who):
    change = change_between("!", "@", scopes)

    assert sorted(whoever(change.gained)) == who
    assert not change.undecided


def test_a_rule_of_other_scopes(side_of):
    """A file cannot do that, another release of the service can."""
    change = change_of(RULE, side_of("@", ["system"]), side_of("@", ["project"]))

    assert whoever(change.gained) == ["anyone with a project-scoped or unscoped token"]
    assert whoever(change.lost) == ["anyone with a system-scoped token"]


def test_a_rule_that_only_one_side_has(side_of):
    with_it, without = side_of("role:a"), side_of("!")

    (change,) = changes(with_it, without, ["helper"], {})
    assert change.unchanged
    assert whoever(change_of(RULE, without, with_it).gained) == ["role a"]


def test_a_bad_policy_is_no_side(built):
    with pytest.raises(PolicyError) as refused:
        built('"things:show": "role:a and not rule:nowhere"\n')

    assert [problem.code for problem in refused.value.found] == ["PP122"]


class Odd(policy.Check):
    """`odd:N` holds for users with an odd number, and fails for those without any."""

    def __call__(self, target, creds, enforcer, current_rule=None):
        return int(creds["user_id"].rpartition("-")[2]) % 2 == 1


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.setitem(_checks.registered_checks, "odd", Odd)


@pytest.mark.usefixtures("extension")
def test_a_check_of_an_extension_is_called_on_the_examples(change_between):
    """It is no matter of what it does: the example shows that it does it."""
    (kind,) = change_between("!", "odd:x").gained

    assert kind.who == "anyone to whom odd:x says yes"
    assert kind.identity.user_id == "user-1"


@pytest.mark.usefixtures("extension")
def test_a_check_that_fails_does_not_hold_as_well(change_between):
    assert change_between("odd:x", "odd:x or !").unchanged


@pytest.mark.usefixtures("extension")
def test_a_check_of_an_extension_sees_the_whole_target(change_between, monkeypatch):
    """A rule's other checks see no more than they name."""
    monkeypatch.setattr(Odd, "__call__", lambda self, target, *_: "project_id" in target)

    (kind,) = change_between("!", "odd:x", None, OWN).gained

    assert kind.target == {"project_id": kind.identity.project_id}
    assert change_between("!", "role:a", None, OWN).gained[0].target == {}


@pytest.mark.usefixtures("extension")
def test_a_check_of_an_extension_may_answer_otherwise(change_between):
    change = change_between("odd:x and role:a", "role:a and odd:x")

    assert change.unchanged
    assert change.remark == "as far as odd:x answers alike in both"


@pytest.mark.usefixtures("extension")
def test_a_check_that_fails_denies_whatever_comes_behind(change_between):
    """Whoever has the role gets in if the check is not reached: nobody is found whom it fails for,
    as made up users have numbers.
    """
    change = change_between("odd:x or role:a", "role:a or odd:x")

    assert {doubt.text for doubt in change.undecided} == {
        "perhaps gain: role a for whom odd:x fails (no example was found)",
        "perhaps gain: role a of whom odd:x misses something (no example was found)",
    }
    assert change_between("role:a and not odd:x", "not odd:x and role:a").unchanged


@pytest.mark.usefixtures("extension")
def test_a_reference_takes_a_check_that_misses_something_for_a_no(side_of, monkeypatch):
    """As oslo.policy does: outside of a reference it is an error."""
    monkeypatch.setattr(Odd, "__call__", lambda self, target, *_: target["size"] == "1")
    old = side_of("odd:x or role:a", helper="odd:x")
    new = side_of("rule:helper or role:a", helper="odd:x")

    (kind,) = change_of(RULE, old, new).gained

    assert kind.who == "role a of whom odd:x misses something"


@pytest.mark.usefixtures("extension")
def test_a_check_of_an_extension_that_another_takes_the_place_of(change_between):
    change = change_between("odd:x", "odd:y")

    assert [doubt.gain for doubt in change.undecided] == [True, False]


def test_an_attribute_of_a_text_fails(change_between):
    """A token's project has no attributes: to look for one is an error, unless there is none."""
    (kind,) = change_between("project_id.name:x or role:a", "role:a or project_id.name:x").gained

    assert kind.who == "role a for whom project_id.name:x fails"
    assert kind.identity.project_id


@pytest.fixture
def nobody_is_asked(monkeypatch):
    """No question reaches a remote server, by our way or by oslo.policy's."""

    def asked(*args, **kwargs):
        pytest.fail("a remote server was asked")

    monkeypatch.setattr(remote, "allows", asked)
    monkeypatch.setattr("oslo_policy._external.requests.post", asked)


@pytest.mark.usefixtures("nobody_is_asked")
@pytest.mark.parametrize(
    ("old", "new", "doubts"),
    [
        ("!", "https://a.x", ["gain: anyone to whom https://a.x says yes"]),
        ("https://a.x", "@", ["gain: anyone to whom https://a.x does not say yes"]),
        ("role:a and https://a.x", "https://a.x and role:a", []),
        (
            "https://a.x",
            "https://b.x",
            [
                "gain: anyone to whom https://a.x does not say yes, to whom https://b.x says yes",
                "lose: anyone to whom https://a.x says yes, to whom https://b.x does not say yes",
            ],
        ),
        (
            "https://a.x or role:a",
            "role:a or https://a.x",
            ["gain: role a for whom https://a.x fails"],
        ),
    ],
)
def test_a_remote_server_is_not_asked_about_callers_who_do_not_exist(
    change_between, old, new, doubts
):
    change = change_between(old, new)

    assert (change.gained, change.lost) == ((), ())
    reason = " (a remote server decides)"
    assert [doubt.text for doubt in change.undecided] == [
        f"perhaps {text}{reason}" for text in doubts
    ]


@pytest.mark.usefixtures("nobody_is_asked")
def test_nor_where_it_is_too_large(change_between):
    many = " or ".join(f"role:r{number}" for number in range(1000))
    change = change_between(many, f"{many} or https://a.x or role:x")

    assert not change.gained
    assert [doubt.gain for doubt in change.undecided] == [True]


def test_what_differs_elsewhere_is_not_told_unless_it_is_known(side_of):
    """For any target it is too large to be decided; for those that there are nothing changes."""
    many = " or ".join(f"role:%(t{number})s" for number in range(1000))
    old, new = side_of("role:a"), side_of(f"role:a or {many}")

    change = change_of(RULE, old, new, OWN)

    assert change.unchanged
    assert change.remark == "differs only for targets that this operation never has"
    assert change_of(RULE, new, side_of(f"({many}) or role:a"), OWN).remark == ""


def test_thousands_of_rules(built):
    """Each of them in one and in many steps; one of them changes."""
    lines = [f'"h{n}": "role:r{n} or rule:h{n + 1}"' for n in range(30)]
    lines += [f'"g{n}": "project_id:p{n % 90}"' for n in range(2000)]
    wide = " or ".join(f"rule:g{n}" for n in range(2000))
    lines += [f'"things:show": "rule:h0 and ({wide})"', '"h30": "role:{}"']
    old, new = ("\n".join(lines).format(name) + "\n" for name in ("last", "other"))

    change = change_of("things:show", built(old), built(new))

    assert all(kind.who.startswith("role other") for kind in change.gained)
    assert all(kind.who.startswith("role last") for kind in change.lost)
    assert change.gained
    assert change.lost


def test_unicode(change_between):
    change = change_between("role:ÉTÉ and user_id:漢字", "user_id:漢字")

    (kind,) = change.gained
    assert kind.who == "anyone whose user_id is 漢字, without role été"
    assert kind.identity.user_id == "漢字"


def test_the_same_text_of_other_characters_is_another(change_between):
    """`é` as one character and as two: oslo.policy compares characters."""
    change = change_between("user_id:\u00e9", "user_id:e\u0301")

    assert change.gained
    assert change.lost


def test_an_example_is_somebody(change_between):
    (kind,) = change_between("!", "role:%(trait)s and user_id:%(trait)s").gained

    assert kind.identity == Identity(
        user_id=kind.target["trait"],
        project_id="project-1",
        roles=(kind.target["trait"],),
        is_admin_project=True,
    )
