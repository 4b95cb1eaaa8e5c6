"""Rules for everyone, for no one, for the wrong scope, and rules that change nothing."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.model import Identity
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.problem import Level
from policy_proxy.policy.source import Sources

MANY = " or ".join(f"role:r{n}" for n in range(40))

# Checks that hold for every token of a project, the scope of Placement's rules.
FOR_EVERYONE = [
    "role:a or not role:a", "not role:a or role:A", "not (role:a and not role:a)",
    "role:x or not (role:x and role:y) ", "role:x or (not role:x and (role:y or not role:y))",
    "user_id:u or not user_id:u", "not user_id:u or not user_id:v", "not (user_id:u and user_id:v)",
    "not system_scope:all", "not system:all", "not domain_id:d", "role:x or not domain_id:d",
    "is_admin_project:True or is_admin_project:False", "not not (role:a or not role:a)",
    f"{MANY} or not role:r7", f"not ({MANY}) or ({MANY})", "'x':%(trait)s or not 'x':%(trait)s",
    "role:%(trait)s or not role:%(trait)s", "(not project_id:a) or (not project_id:b)",
    "not (project_id:a and domain_id:%(trait)s)",
]  # fmt: skip
FOR_NO_ONE = [
    "role:a and not role:a", "role:a and not role:A", "project_id:a and project_id:b",
    "user_id:u and role:x and user_id:v", "system_scope:all and project_id:p",
    "domain_id:d and system_scope:all", "system:all and not system_scope:all",
    "role:a and not (role:a or role:b)",
    "is_admin_project:True and is_admin_project:False", f"({MANY}) and not ({MANY})",
]  # fmt: skip
FOR_ANOTHER_SCOPE = [
    "system_scope:all", "system:all", "role:admin and system_scope:all", "domain_id:d",
    "domain_id:d or system_scope:all", "not project_id:p and domain_id:%(project_id)s",
    "role:a and (role:b and domain_id:d or not role:a)",
]  # fmt: skip
# Each of these lets in some tokens of a project, and not others.
FOR_SOME = [
    "role:a", "not role:a", "role:a or not role:b", "project_id:p or project_id:q",
    "project_id:p or not project_id:q", "user_id:u and project_id:p", "roles:A and not role:b",
    "system_scope:all or role:x", "domain_id:d or role:x", "not domain_id:d and role:x",
    "is_admin_project:True", "is_admin_project:False", "not is_admin_project:True", MANY,
    f"not ({MANY})", "role:x and ('a':%(trait)s or role:y)", "'x':%(trait)s", "not role:%(trait)s",
    "service_roles:service", "not service_project_id:p", "role:a and not service_roles:a",
    "user_id:%(user_id)s or role:x", "project_id:p and not project_id:%(project_id)s",
]  # fmt: skip

RULE = "placement:traits:show"


def shortened(check):
    return check[:40]


@pytest.mark.parametrize("check", FOR_EVERYONE, ids=shortened)
def test_a_check_that_holds_for_everyone_unsaid_is_an_error(check, told_of):
    assert told_of(check, RULE) == ["PP119"]


@pytest.mark.parametrize("check", FOR_NO_ONE, ids=shortened)
def test_a_check_that_holds_for_no_one_unsaid_is_an_error(check, told_of):
    assert told_of(check, RULE) == ["PP120"]


@pytest.mark.parametrize("check", FOR_ANOTHER_SCOPE)
def test_a_check_that_wants_another_scope_is_an_error(check, linted):
    (problem,) = linted(f'"admin_or_service_api": "role:boss"\n"{RULE}": "{check}"\n').problems
    assert (problem.code, problem.line, problem.rule) == ("PP118", 2, RULE)
    assert problem.text.endswith("its operations take tokens of scope project")


@pytest.mark.parametrize("check", FOR_SOME, ids=shortened)
def test_a_check_that_holds_for_some_is_good(check, told_of):
    assert told_of(check, RULE) == []


@pytest.mark.parametrize(
    "check", ["@", "( @ )", "role:a or @", "not !", "@ and @", "not (role:a and !)"]
)
def test_everyone_is_a_warning_where_it_is_said(check, told_of):
    assert told_of(check, RULE) == ["PP203"]


@pytest.mark.parametrize(
    "check", ["!", "( ! )", "role:a and !", "not @", "! or !", "not (role:a or @)"]
)
def test_no_one_is_a_warning_where_it_is_said(check, told_of):
    assert told_of(check, RULE) == ["PP204"]


@pytest.mark.parametrize(
    ("check", "code"),
    [("rule:h", "PP203"), ("not rule:none", "PP203"), ("rule:none", "PP204"),
     ("rule:a or not rule:a", "PP119"), ("rule:a and not rule:again", "PP120"),
     ("rule:a and not rule:none", None)],
)  # fmt: skip
def test_references_are_followed(check, code, told):
    helpers = '"h": "@"\n"none": "!"\n"a": "role:a"\n"again": "rule:a or rule:none"\n'
    used = '"service_api": "rule:h and rule:none and rule:a and rule:again or role:x"\n'
    assert told(f'{helpers}{used}"{RULE}": "{check}"\n') == ([(code, 6)] if code else [])


def test_helpers_may_be_for_everyone_as_long_as_no_operation_is(told):
    assert (
        told(
            '"any": "@"\n"none": "!"\n"admin_or_service_api": "rule:any and role:x or rule:none"\n'
        )
        == []
    )


@pytest.mark.parametrize("check", ["@", "not !", "rule:h", "role:a or not role:a", "role:a or @"])
def test_a_default_for_everyone_is_an_error(check, told):
    text = f'"h": "@"\n"admin_or_service_api": "rule:h and role:x"\n"default": "{check}"\n'
    assert told(text) == [("PP124", 3)]


@pytest.mark.parametrize(
    ("check", "codes"),
    [("!", ["PP204"]), ("role:admin", []), ("not role:admin", []), ("rule:admin_api", []),
     ("role:a and not role:a", ["PP120"]), ("rule:default", ["PP123"])],
)  # fmt: skip
def test_a_default_for_some_or_none_is_none(check, codes, told_of):
    assert told_of(check, "default") == codes


def test_the_default_rule_may_have_another_name(told_of):
    assert told_of("@", "fallback", default_rule="fallback") == ["PP124"]
    assert told_of("@", "default", default_rule="fallback") == ["PP205"]


def test_what_a_default_rule_becomes_by_the_rules_below_it_is_looked_at(linted):
    """The default of GET /usages is role:admin, role:service, or project_reader_api."""
    (problem,) = linted('"project_reader_api": "not role:admin"\n').problems
    assert (problem.code, problem.line, problem.rule) == ("PP119", 1, "project_reader_api")
    assert problem.text.startswith("is why admin_or_project_reader_or_service_api allows everyone")


def test_the_rule_below_is_not_told_twice(told):
    assert told('"admin_or_service_api": "@"\n') == [("PP203", 1)]
    assert told('"service_api": "!"\n') == [("PP204", 1)]
    assert told('"rule:admin_api": "@"\n') == [("PP203", 1), ("PP211", 1)]


def test_a_rule_too_large_to_be_decided_is_left_alone(told_of):
    large = " or ".join(f"role:r{n}" for n in range(1000))
    assert told_of(f"{large} or not role:r900", RULE) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"service_api": "role:service"\n', [1]),
        ('"service_api": "(role:service)"\n', [1]),
        ('"admin_or_service_api": "role:admin OR role:service"\n', [1]),
        ('"admin_or_service_api": "role:service or role:admin"\n', []),
        ('"project_reader_api": "role:x"\n"service_api": "role:service"\n', [2]),
        ('"placement:traits:list": "rule:admin_or_service_api"\n', [1]),
        ('"helper": "role:admin"\n"admin_or_service_api": "role:boss or rule:helper"\n', []),
    ],
)  # fmt: skip
def test_a_rule_that_says_what_its_default_says_is_a_warning(text, lines, told):
    assert told(text) == [("PP202", line) for line in lines]


def test_the_default_is_the_one_in_force(told):
    """With the older defaults still in force, a rule that equals the new one takes from someone."""
    new, both = '"service_api": "role:service"\n', '"service_api": "role:service or role:admin"\n'
    assert told(new) == [("PP202", 1)]
    assert told(new, enforce_new_defaults=False) == []
    assert told(both) == []
    assert told(both, enforce_new_defaults=False) == [("PP202", 1)]


@pytest.fixture
def things(policy_settings, defaults):
    """Lints for a service whose operations have other scopes, and attributes that nobody knows."""

    def told(text, attributes=None):
        sources = Sources((("p", text.encode()),), (), "r", ())
        service = Service(defaults, attributes or {})
        found = lint(sources, policy_settings(), service).problems
        return [(problem.code, problem.line) for problem in found]

    return told


@pytest.mark.parametrize(
    ("rule", "check", "codes"),
    [
        ("things:reset", "project_id:p", ["PP118"]),
        ("things:reset", "not project_id:p", ["PP119"]),
        ("things:reset", "system_scope:all", []),
        ("things:reset", "domain_id:d", []),
        ("things:reset", "domain_id:d or system_scope:all", []),
        ("things:reset", "not system_scope:all and not domain_id:d", []),
        ("things:show", "system_scope:all or not system_scope:all", ["PP119"]),
        ("things:show", "system_scope:all and domain_id:d", ["PP120"]),
        ("things:show", "system_scope:all", []),
        ("things:show", "project_id:p", []),
        ("things:list", "system_scope:all", ["PP118"]),
        ("things:list", "'a':%(whatever)s", []),
    ],
)
def test_what_can_be_reached_depends_on_the_scopes_of_the_rule(rule, check, codes, things):
    assert things(f'"{rule}": "{check}"\n') == [(code, 1) for code in codes]


def test_a_rule_that_others_refer_to_is_asked_by_tokens_of_their_scopes(things):
    """owner_api has no scope of its own; things:list, which refers to it, takes projects alone."""
    operations = {"things:list": frozenset(), "things:show": frozenset()}
    assert things('"owner_api": "domain_id:d"\n', operations) == [("PP118", 1)]
    text = '"owner_api": "domain_id:d"\n"things:show": "rule:owner_api"\n'
    assert things(text, operations) == []


def test_errors_come_before_what_the_whole_means(linted):
    """Where something is missing, what the rest means is not known."""
    found = linted('"placement:traits:list": "@"\n"admin_or_service_api": "role:x and"\n').problems
    assert [(problem.code, problem.level) for problem in found] == [("PP111", Level.ERROR)]


EVERYONE = [
    Identity(user_id=user, project_id=project, roles=roles, is_admin_project=admin)
    for user, project, admin in itertools.product("uv", "pq", (True, False))
    for count in range(4)
    for roles in itertools.combinations(("a", "admin", "service", "reader"), count)
]
SOME_OPERATIONS = ("placement:traits:list", "placement:usages", "placement:reshaper:reshape")
_checks = st.recursive(
    st.sampled_from(
        ["role:a", "role:admin", "role:service", "user_id:u", "project_id:p", "rule:h", "rule:g",
         "is_admin_project:True", "not role:a", "not role:admin", "not role:service", "!", "@",
         "not system_scope:all", "domain_id:d"]
    ),
    lambda inner: st.builds(
        str.format, st.sampled_from(["({} and {})", "({} or {})", "not ({} or {})"]), inner, inner
    ),
    max_leaves=4,
)  # fmt: skip
_policies = st.fixed_dictionaries(
    {"h": st.sampled_from(["role:a", "not role:a", "role:admin or role:a", "@"]),
     "g": st.sampled_from(["rule:h", "not rule:h", "role:reader or not rule:h"])},
    optional=dict.fromkeys(
        [*SOME_OPERATIONS, "service_api", "admin_or_service_api", "project_reader_api",
         "rule:admin_api"],
        _checks,
    ),
)  # fmt: skip


def test_no_operation_is_for_everyone_or_no_one_without_a_word(linted):
    """Asked for every kind of token of a project there is in these rules."""
    counted = Counter()

    @settings(max_examples=some(400))
    @given(_policies)
    def holds(rules):
        found = linted("".join(f'"{name}": "{check}"\n' for name, check in rules.items()))
        if found.snapshot is None:
            return
        told = {problem.code for problem in found.problems}
        for operation in SOME_OPERATIONS:
            verdicts = {
                found.snapshot.authorize(operation, target, identity)
                for identity in EVERYONE
                for target in ({}, {"project_id": "p"}, {"project_id": "q"})
            }
            assert verdicts != {True} or "PP203" in told, rules
            assert verdicts != {False} or told & {"PP204", "PP118"}, rules
            counted[tuple(sorted(verdicts))] += 1

    holds()
    assert min(counted[True,], counted[False,], counted[False, True]) >= some(10), counted


OWN = {
    "things:list": frozenset({"project_id", "user_id"}),
    "things:show": frozenset({"user_id"}),
    "things:update": frozenset[str](),
    "things:reset": frozenset({"project_id", "user_id"}),
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"things:list": "project_id:%(project_id)s"\n', ["PP203"]),
        ('"things:list": "role:x or user_id:%(user_id)s"\n', ["PP203"]),
        ('"things:list": "role:x and not project_id:%(project_id)s"\n', ["PP204"]),
        ('"things:list": "role:x and project_id:%(project_id)s"\n', []),
        ('"things:list": "project_id:%(user_id)s"\n', []),
        ('"things:list": "project_id:a%(project_id)s"\n', []),
        ('"things:show": "project_id:%(project_id)s"\n', []),
        ('"things:show": "user_id:%(user_id)s"\n', ["PP203"]),
        ('"things:update": "user_id:%(user_id)s"\n', []),
        ('"things:reset": "user_id:%(user_id)s"\n', ["PP203"]),
        ('"things:reset": "not user_id:%(user_id)s"\n', ["PP204"]),
        ('"mine": "user_id:%(user_id)s"\n"things:update": "rule:mine"\n', []),
        ('"mine": "user_id:%(user_id)s"\n"things:list": "role:x or rule:mine"\n', ["PP203"]),
        ('"owner_api": "user_id:%(user_id)s"\n', ["PP203"]),
        ('"owner_api": "user_id:%(user_id)s"\n"things:update": "rule:owner_api"\n', ["PP203"]),
        ('"things:edit": "user_id:%(user_id)s"\n', ["PP211"]),
    ],
)
def test_what_is_the_callers_own_is_no_condition(text, found, policy_settings, defaults):
    """Only as a warning: the service itself is not told what is the caller's own."""
    sources = Sources((("p", text.encode()),), (), "r", ())
    attributes = dict.fromkeys(OWN, frozenset({"project_id", "user_id"}))
    service = Service(defaults, attributes, OWN)
    problems = lint(sources, policy_settings(), service).problems
    assert [problem.code for problem in problems] == found
    assert all(
        problem.text.endswith("since what it compares is the caller's own")
        for problem in problems
        if problem.code != "PP211"
    )
    unknown = lint(sources, policy_settings(), Service(defaults, attributes)).problems
    assert {problem.code for problem in unknown} <= {"PP211"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"placement:usages": "role:reader and not user_id:%(user_id)s"\n', [("PP214", 1)]),
        ('"placement:usages": "role:reader and user_id:%(user_id)s"\n', []),
        ('"placement:usages": "role:reader and not not user_id:%(user_id)s"\n', []),
        ('"placement:usages": "role:reader and not project_id:%(project_id)s"\n', []),
        ('"placement:usages": "role:x and not (role:y or role:%(user_id)s)"\n', [("PP214", 1)]),
        ('"placement:usages": "role:x and not \'u\':%(user_id)s"\n', [("PP214", 1)]),
        (
            '"placement:allocations:update": "role:x and not project_id:%(project_id)s"\n',
            [("PP214", 1)],
        ),
        (
            '"h": "user_id:%(user_id)s"\n"placement:usages": "role:x and not rule:h"\n',
            [("PP214", 1)],
        ),
        ('"h": "user_id:%(user_id)s"\n"placement:usages": "role:x and rule:h"\n', []),
        (
            '"h": "not user_id:%(user_id)s"\n"placement:usages": "role:x and rule:h"\n',
            [("PP214", 1)],
        ),
        ('"placement:usages": "role:x and not rule:project_reader_api"\n', []),
        (
            '"placement:allocations:update": "role:x and not rule:project_reader_api"\n',
            [("PP214", 1)],
        ),
        ('"placement:traits:list": "role:x and not user_id:%(user_id)s"\n', []),
    ],
)
def test_an_attribute_that_may_be_absent_is_a_warning_under_not(text, found, told):
    assert told(text) == found
