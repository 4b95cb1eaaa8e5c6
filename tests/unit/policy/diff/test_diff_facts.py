"""Facts that hold whatever a policy says: they hide what nobody could see, and no more."""

from __future__ import annotations

import pytest

from policy_proxy.policy.diff.atoms import TargetFacts

SAME = [
    ("reordered", "role:a and (role:b or role:c)", "(role:c or role:b) and role:a"),
    ("De Morgan", "role:a and role:b", "not (not role:b or not role:a)"),
    ("absorbed", "role:a or (role:a and role:b)", "role:a"),
    ("everyone", "role:a or not role:a", "@"),
    ("nobody", "role:a and not role:a", "!"),
    ("case of roles", "role:ADMIN", "role:admin"),
    ("unicode case of roles", "role:ÉTÉ", "role:été"),
    ("a role in its spelling is one in any", "role:admin and roles:Admin", "roles:Admin"),
    ("a role without letters has one spelling", "role:1", "roles:1"),
    ("two values of one attribute", "project_id:alpha and project_id:beta", "!"),
    ("an attribute is compared with its case", "user_id:a and user_id:A", "!"),
    ("a project and a domain", "project_id:alpha and domain_id:%(d)s", "!"),
    ("a project's domain and a domain", "project_domain_id:%(d)s and domain_id:%(d)s", "!"),
    ("a project and the system", "project_id:%(p)s and system_scope:all", "!"),
    ("the system has another name", "system:all", "system_scope:all"),
    ("there is one system", "system_scope:some", "!"),
    ("is_admin_project has two values", "is_admin_project:True", "not is_admin_project:False"),
    ("is_admin_project is no text", "is_admin_project:true", "!"),
    ("literals of one text", "'a':a", "@"),
    ("literals of two texts", "'a':b", "!"),
    ("a number is a literal", "1:%(n)s and '1':%(n)s", "1:%(n)s"),
    ("literals exclude each other", "'a':%(n)s and 'b':%(n)s", "!"),
    ("within a text", "'cell-a':cell-%(n)s", "'a':%(n)s"),
    ("a text that cannot be", "'row-a':cell-%(n)s", "!"),
    ("nothing is left for the name", "'cell-':cell-%(n)s", "!"),
    ("no token has such an attribute", "tenant:%(t)s", "!"),
    ("an absent attribute is not equal to itself", "not domain_id:%(d)s or domain_id:%(d)s", "@"),
]

TRANSITIVE = [
    ("project_id:%(p)s and 'alpha':%(p)s", "project_id:alpha and 'alpha':%(p)s"),
    (
        "project_id:%(p)s and user_id:%(p)s and project_id:%(q)s",
        "project_id:%(q)s and user_id:%(q)s and user_id:%(p)s",
    ),
    ("role:%(t)s and 'Admin':%(t)s", "role:admin and 'Admin':%(t)s"),
    ("roles:%(t)s and 'Admin':%(t)s", "roles:Admin and 'Admin':%(t)s"),
    ("roles:%(t)s and 'Admin':%(t)s and not role:admin", "!"),
    (
        "role:%(t)s and user_id:%(t)s and user_id:%(s)s",
        "role:%(s)s and user_id:%(t)s and user_id:%(s)s",
    ),
    ("is_admin_project:%(t)s and 'True':%(t)s", "is_admin_project:True and 'True':%(t)s"),
    ("is_admin_project:%(t)s and 'p':%(t)s", "!"),
    ("system_scope:%(t)s and 'p':%(t)s", "!"),
    ("project_id:%(t)s and user_id:%(t)s and project_id:a and user_id:b", "!"),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in SAME], ids=[c[0] for c in SAME])
def test_the_same_in_other_words(change_between, old, new):
    assert change_between(old, new).unchanged


@pytest.mark.parametrize(("old", "new"), TRANSITIVE)
def test_equality_carries_over(change_between, old, new):
    assert change_between(old, new).unchanged


DIFFERENT = [
    ("a role in its spelling is not all of it", "roles:admin", "role:admin", {"gained"}),
    ("a role in another spelling", "roles:Admin", "role:admin", {"gained"}),
    ("roles do not exclude each other", "role:a and role:b", "!", {"lost"}),
    ("service roles neither", "service_roles:a and service_roles:b", "!", {"lost"}),
    ("a service role is no role", "service_roles:a", "roles:a", {"gained", "lost"}),
    ("two attributes of one value", "project_id:%(x)s and user_id:%(x)s", "!", {"lost"}),
    ("not, where the attribute is absent", "not project_id:%(p)s", "domain_id:d", {"lost"}),
    ("not, of another value", "not project_id:a", "project_id:b", {"lost"}),
    ("a target like a role", "role:%(t)s", "role:admin", {"gained", "lost"}),
    ("a target like a role in its spelling", "roles:%(t)s", "role:%(t)s", {"gained"}),
    ("a target like one role and the other", "role:%(t)s and role:%(s)s", "!", {"lost"}),
    ("a target like is_admin_project", "is_admin_project:%(t)s", "!", {"lost"}),
    ("a percent sign", "user_id:100%%", "user_id:100", {"gained", "lost"}),
    ("a text around a name", "project_id:cell-%(n)s", "project_id:%(n)s", {"gained", "lost"}),
    ("an id that is a role too", "role:%(t)s and user_id:%(t)s", "role:%(t)s", {"gained"}),
    ("unicode", "user_id:ünï", "user_id:漢字", {"gained", "lost"}),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), [case[1:] for case in DIFFERENT], ids=[c[0] for c in DIFFERENT]
)
def test_what_facts_do_not_hide(change_between, old, new, expected):
    change = change_between(old, new)
    assert {name for name in ("gained", "lost", "undecided") if getattr(change, name)} == expected


def test_what_everyone_has_in_a_scope(change_between):
    """A token without a scope is one of a project to oslo.policy; it has no roles."""
    for_project = change_between("!", "@", ["project"])
    (kind,) = for_project.gained
    assert kind.who == "anyone with a project-scoped or unscoped token"
    (kind,) = change_between("!", "role:a", ["project"]).gained
    assert kind.who == "role a with a project-scoped token"
    (kind,) = change_between("!", "@", ["domain"]).gained
    assert kind.who == "anyone with a domain-scoped token"
    assert kind.identity.domain_id
    assert not kind.identity.project_id


OWN = TargetFacts(frozenset({"project_id", "user_id"}), own=frozenset({"project_id", "user_id"}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("role:a and project_id:%(project_id)s", "role:a"),
        ("@", "user_id:%(user_id)s"),
        ("user_id:%(project_id)s", "user_id:%(project_id)s and project_id:%(user_id)s"),
        ("role:a or 'x':%(other)s", "role:a"),
        ("not role:%(other)s", "@"),
        ("'p':%(project_id)s", "project_id:p"),
    ],
)
def test_targets_that_an_operation_never_has(change_between, old, new):
    change = change_between(old, new, ["project"], OWN)
    assert change.unchanged
    assert change.remark == "differs only for targets that this operation never has"


def test_the_callers_own_target_is_in_the_example(change_between):
    """As far as a rule names it."""
    (kind,) = change_between("!", "role:%(user_id)s and project_id:x", None, OWN).gained
    assert kind.identity.project_id == "x"
    assert kind.target == {"user_id": kind.identity.user_id}


def test_a_role_that_would_have_to_be_spelled_otherwise(change_between):
    """Everything is mentioned that a role of one letter can be, or nearly: nobody is shown."""
    change = change_between("role:k and not roles:k and not roles:K", "!")
    assert not change.lost
    (doubt,) = change.undecided
    assert doubt.text == (
        "perhaps lose: role k without role spelled k or role spelled K (no example was found)"
    )
    assert (doubt.gain, doubt.loss) == (False, True)
