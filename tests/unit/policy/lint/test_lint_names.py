"""Names that nobody has: of rules, in references, of attributes; and what was probably meant."""

from __future__ import annotations

import pytest

from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import ATTRIBUTES
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.nearest import nearest
from policy_proxy.policy.source import Sources

RULES = [rule.name for rule in SERVICE.defaults()]
OPERATIONS = [operation for operation in SERVICE.operations if not operation.public]

# A slip, and what was meant.
SLIPS = {
    "placement:trait:list": "placement:traits:list",
    "placement:Traits:list": "placement:traits:list",
    "placement:traits:list ": "placement:traits:list",
    "placement:resource_provider:inventory:list": "placement:resource_providers:inventories:list",
    "placement:reshape": "placement:reshaper:reshape",
    "placment:traits:list": "placement:traits:list",
    "Placement:traits:list": "placement:traits:list",
    " placement:traits:list": "placement:traits:list",
    "placement.traits.list": "placement:traits:list",
    "\u0440lacement:traits:list": "placement:traits:list",
    "placement:traits:list\u200b": "placement:traits:list",
    "admin-api": "admin_api",
    "ADMIN_API": "admin_api",
    "admin_apis": "admin_api",
    "Default": "default",
    "defualt": "default",
}


@pytest.mark.parametrize(("name", "meant"), SLIPS.items())
def test_a_slip_is_an_error_and_the_name_that_was_meant_is_told(name, meant, linted):
    (problem,) = linted(f'"admin_or_service_api": "role:boss"\n"{name}": "role:x"\n').problems
    assert (problem.code, problem.line, problem.rule) == ("PP121", 2, name)
    assert problem.remedy == f"did you mean {meant}?"


@pytest.mark.parametrize("name", ["placement:", "placement:x", "placement::", "placement:admin_or"])
def test_the_prefix_of_the_service_is_for_its_rules(name, linted):
    """Also where another rule refers to it: as a helper it has a name that it should not have."""
    text = f'"{name}": "role:x"\n"admin_or_service_api": "rule:{name}"\n'
    assert [problem.code for problem in linted(text).problems] == ["PP121"]


@pytest.mark.parametrize(
    "name", ["boss\\u200b", "\\u202eboss", "bo\\u00a0ss", "boss\\0", "b\\ness"]
)
def test_a_name_with_an_invisible_character_is_an_error_even_where_it_is_used(name, linted):
    text = f'"{name}": "role:x"\n"admin_or_service_api": "rule:boss or role:y"\n"boss": "role:x"\n'
    (problem,) = linted(text).problems
    assert (problem.code, problem.line) == ("PP121", 1)
    assert problem.text.endswith("has an invisible character in its name")
    assert str(problem).isprintable()
    used = f'"{name}": "role:x"\n"admin_or_service_api": "rule:{name}"\n'
    assert {problem.line for problem in linted(used).problems if problem.code == "PP121"} == {1}


@pytest.mark.parametrize(
    "name", ["operators", "placement", "os_compute_api:servers:index", "x:y", "list", "Ω", "a b"]
)
def test_a_helper_that_nothing_refers_to_is_a_warning(name, told):
    assert told(f'"admin_or_service_api": "role:boss"\n"{name}": "role:x"\n') == [("PP205", 2)]


@pytest.mark.parametrize("name", ["operators", "placement", "x:y", "Ω", "admin_apis", "role"])
def test_a_helper_that_something_refers_to_is_good(name, told):
    assert told(f'"{name}": "role:x"\n"admin_or_service_api": "not (rule:{name})"\n') == []


def test_a_helper_of_a_helper_that_nothing_refers_to(told):
    assert told('"a": "role:x"\n"b": "rule:a"\n') == [("PP205", 1), ("PP205", 2)]


def test_a_reference_from_a_rule_that_another_file_overrides_does_not_count(lint_files, relative):
    found = lint_files(
        {
            "policy.yaml": '"helper": "role:x"\n"admin_or_service_api": "rule:helper"\n',
            "policy.d/10.yaml": '"admin_or_service_api": "role:boss"\n',
        }
    )
    assert [(p.code, relative(p), p.line) for p in found] == [("PP205", "policy.yaml", 1)]


@pytest.mark.parametrize("name", [*RULES, "default"])
def test_every_name_of_the_service_is_known(name, told):
    decides = name != "admin_api"
    assert told(f'"{name}": "role:x"\n') == ([] if decides else [("PP205", 1)])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"admin_api": "role:boss"\n', [1]),
        ('"admin_api": "role:boss"\n"service_api": "rule:admin_api or role:x"\n', []),
        ('"admin_api": "role:boss"\n"a": "rule:admin_api"\n"service_api": "rule:a"\n', []),
        ('"admin_api": "role:boss"\n"a": "rule:admin_api"\n"b": "not rule:a"\n', [1, 2, 3]),
        ('"service_api": "role:x"\n"placement:reshaper:reshape": "role:y"\n', [1]),
        ('"admin_api": "role:boss"\n"default": "rule:admin_api"\n', []),
        ('"rule:admin_api": "role:boss"\n', []),
        ('"admin_api": "role:boss"\n"rule:admin_api": "rule:admin_api or role:x"\n', []),
        (
            '"rule:admin_api": "role:boss"\n'
            + "".join(f'"{name}": "role:x"\n' for name in RULES[1:5]),
            [1, 4],  # and project_reader_api, which another one referred to
        ),
    ],
)
def test_a_rule_that_no_operation_comes_to_decides_nothing(text, lines, linted):
    found = [p for p in linted(text).problems if p.code not in ("PP211", "PP202")]
    assert [(p.code, p.line) for p in found] == [("PP205", line) for line in lines]


def test_of_a_service_whose_operations_are_not_known_each_rule_may_be_asked_for(policy_settings):
    sources = Sources((("p", b'"admin_api": "role:boss"'),), (), "r", ())
    assert lint(sources, policy_settings(), Service(SERVICE.defaults, {})).problems == ()


@pytest.mark.parametrize(
    "check",
    ["rule:nothing", "not rule:nothing", "role:x or (role:y and not (role:z or rule:nothing))",
     "@ or rule:nothing", "rule:", "rule:%(project_id)s", "rule:'admin_api'", "rule:Admin_api"],
)  # fmt: skip
def test_a_reference_to_nothing_is_an_error_wherever_it_stands(check, linted):
    (problem,) = linted(
        f'"admin_or_service_api": "role:x"\n"placement:traits:list": "{check}"\n'
    ).problems
    assert (problem.code, problem.line) == ("PP122", 2)
    assert problem.rule == "placement:traits:list"


def test_a_default_rule_makes_no_reference_good(told):
    assert told('"default": "role:x"\n"admin_or_service_api": "not rule:nothing"\n') == [
        ("PP122", 2)
    ]


def test_a_reference_is_followed_from_file_to_file(lint_files):
    files = {
        "policy.d/1.yaml": '"a": "role:x"\n',
        "policy.d/2.yaml": '"admin_or_service_api": "rule:a"\n',
    }
    assert lint_files(files) == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"admin_api": "rule:admin_api"\n', 1),
        ('"admin_api": "role:x or not rule:admin_api"\n', 1),
        (
            '"b": "role:x"\n"admin_api": "rule:service_api"\n"service_api": "rule:admin_api"\n',
            2,
        ),
        ('"a": "rule:b"\n"b": "rule:c"\n"c": "not (role:x and rule:a)"\n', 1),
        ('"project_reader_api": "rule:admin_or_project_reader_or_service_api"\n', 1),
        ('"rule:admin_api": "rule:service_api or role:x"\n', 1),
    ],
)
def test_a_circle_is_an_error_also_through_defaults_and_old_names(text, line, linted):
    circles = [problem for problem in linted(text).problems if problem.code == "PP123"]
    assert [problem.line for problem in circles] == [line]
    assert " -> " in circles[0].text


def test_an_old_name_is_a_warning_where_its_check_is_in_force(linted):
    (problem,) = linted('"rule:admin_api": "role:boss"\n').problems
    assert (problem.code, problem.line, problem.rule) == ("PP211", 1, "rule:admin_api")
    assert "for service_api, admin_or_service_api, project_reader_api, " in problem.text


def test_an_old_name_is_in_force_only_for_new_names_that_the_file_does_not_set(linted):
    others = [rule for rule in RULES[:5] if rule not in ("admin_api", "service_api")]
    text = "".join(f'"{name}": "role:x"\n' for name in others)
    found = linted(f'{text}"rule:admin_api": "role:boss"\n').problems
    (problem,) = [problem for problem in found if problem.code == "PP211"]
    assert problem.text.endswith("in force for service_api")


@pytest.mark.parametrize(
    ("check", "remedy"),
    [
        ("rol:admin", "did you mean role:admin?"),
        ("Role:admin", "did you mean role:admin?"),
        ("ROLE:admin", "did you mean role:admin?"),
        ("rules:admin_api", "did you mean rule:admin_api?"),
        ("project:p", "did you mean project_id:p?"),
        ("is_admin:True", "name one of "),
        ("tenant:%(x)s", "name one of "),
        ("not tenant_name:x", ""),
        ("user.id:x", ""),
        ("role.name:x", ""),
    ],
)
def test_an_attribute_that_no_token_has_is_an_error(check, remedy, linted):
    (problem,) = linted(f'"admin_or_service_api": "{check}"\n').problems
    assert (problem.code, problem.line, problem.rule) == ("PP116", 1, "admin_or_service_api")
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.template}")
def test_an_operation_supplies_its_attributes_and_no_others(operation, told_of):
    """Some rules are of several operations: it is enough that one of them supplies it."""
    rule = operation.rule
    together = [other for other in OPERATIONS if other.rule == rule]
    for name, attribute in ATTRIBUTES.items():
        supplied = any(other in attribute.operations for other in together)
        for check in ("'x':%({})s", "role:%({})s", "role:admin or not not user_id:a%({})s"):
            expected = [] if supplied else ["PP117"]
            assert told_of(check.format(name), rule) == expected, name


def test_an_attribute_that_none_has_comes_with_what_there_is(linted):
    (problem,) = linted('"placement:traits:show": "\'CUSTOM_A\':%(traits)s"\n').problems
    assert (problem.code, problem.line) == ("PP117", 1)
    assert problem.remedy == "did you mean %(trait)s?"
    (problem,) = linted('"placement:traits:show": "\'CUSTOM_A\':%(name)s"\n').problems
    assert problem.remedy == "name one of %(project_id)s, %(trait)s, %(user_id)s"


def test_an_attribute_in_a_helper_is_looked_at_for_each_operation_that_comes_there(linted):
    text = (
        '"mine": "\'CUSTOM_A\':%(trait)s"\n'
        '"between": "role:x and rule:mine"\n'
        '"placement:traits:show": "rule:mine"\n'
        '"placement:traits:list": "not rule:between"\n'
    )
    (problem,) = linted(text).problems
    assert (problem.code, problem.line, problem.rule) == ("PP117", 1, "mine")
    assert "which placement:traits:list cannot supply" in problem.text


def test_the_rule_of_the_file_is_to_blame_for_what_a_default_below_it_names(linted):
    (problem,) = linted('"placement:reshaper:reshape": "rule:project_reader_api"\n').problems
    assert (problem.code, problem.line) == ("PP117", 1)
    assert problem.rule == "placement:reshaper:reshape"


def test_an_attribute_under_an_old_name_is_looked_at(linted):
    found = linted('"rule:admin_api": "role:boss and \'x\':%(trait)s"\n').problems
    assert [(problem.code, problem.rule) for problem in found] == [
        ("PP117", "rule:admin_api"), ("PP211", "rule:admin_api"),
    ]  # fmt: skip
    assert "more cannot supply" in found[0].text


def test_a_helper_that_no_operation_comes_to_may_name_anything(told):
    assert told('"mine": "\'x\':%(whatever)s"\n') == [("PP205", 1)]


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("admin_apy", ["admin_api", "service_api"], "admin_api"),
        ("ADMIN_API", ["service_api", "admin_api"], "admin_api"),
        ("straße", ["STRASSE"], "STRASSE"),
        ("x", ["admin_or_service_api"], ""),
        ("admin_or_service_api", [], ""),
        ("a" * 201, ["a" * 201], ""),
    ],
)
def test_the_nearest_name(name, known, near):
    assert nearest(name, known) == near
