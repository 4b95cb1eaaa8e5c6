"""Files of cases: what they say, and what is wrong with them."""

from __future__ import annotations

import textwrap

import pytest

from policy_proxy.model import Effect, Identity
from policy_proxy.policy.cases.case import BadCases, Case
from policy_proxy.policy.cases.reader import read

FILE = "x.policy-test.yaml"


def cases(text):
    return read(FILE, textwrap.dedent(text).encode()).cases


def said(text):
    """What is wrong, a line each."""
    with pytest.raises(BadCases) as bad:
        read(FILE, text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    assert bad.value.problems == list(map(str, bad.value.faults))
    return bad.value.problems


def test_a_case_in_full():
    (case,) = cases(
        """
        cases:
          - name: everything at once
            request: PUT /allocations/c
            body: {project_id: p, allocations: {}, n: 1, f: 1.5, t: true, none: null}
            identity:
              roles: [admin, reader]
              user: u
              user_domain: ud
              project: p
              project_domain: pd
              is_admin_project: false
              service_roles: service
              service_user: su
              service_user_domain: sud
              service_project: sp
              service_project_domain: spd
            target: {project_id: p}
            expect: deny
            decided_by: role:admin
            answers: {"https://decider.example/may": true}
        """
    )

    assert case == Case(
        name="everything at once",
        file=FILE,
        line=3,
        asked="PUT /allocations/c",
        body={"project_id": "p", "allocations": {}, "n": 1, "f": 1.5, "t": True, "none": None},
        identity=Identity(
            roles=("admin", "reader"),
            user_id="u",
            user_domain_id="ud",
            project_id="p",
            project_domain_id="pd",
            is_admin_project=False,
            service_roles=("service",),
            service_user_id="su",
            service_user_domain_id="sud",
            service_project_id="sp",
            service_project_domain_id="spd",
        ),
        target={"project_id": "p"},
        expect=Effect.DENY,
        decided_by="role:admin",
        answers={"https://decider.example/may": True},
    )
    assert case.place == f"{FILE}:3"


def test_what_is_shared_has_names():
    found = cases(
        """
        values: {ops: o}
        identities:
          reader: {roles: [reader], project: "${ops}"}
          other: {like: reader, user: u}
          system: {like: other, system: true}
        targets:
          mine: {project_id: "${ops}"}
          same: mine
        cases:
          - {operation: a, identity: reader, target: mine, expect: allow}
          - {operation: a, identity: other, target: same, expect: allow}
          - {operation: a, identity: system, expect: deny}
          - {operation: a, identity: {like: reader, roles: [b]}, expect: deny}
        """
    )

    assert [case.identity for case in found] == [
        Identity(roles=("reader",), project_id="o", is_admin_project=True),
        Identity(roles=("reader",), project_id="o", user_id="u", is_admin_project=True),
        Identity(roles=("reader",), system_scope="all", user_id="u", is_admin_project=True),
        Identity(roles=("b",), project_id="o", is_admin_project=True),
    ]
    assert [case.target for case in found] == [{"project_id": "o"}] * 2 + [{}] * 2


def test_parameters_are_combined():
    found = cases(
        """
        values: {roles: [a, b]}
        cases:
          - name: ${who} may ${expect}
            operation: x:${who}
            identity: {roles: "${who}"}
            expect: ${expect}
            parameters:
              who: ${roles}
              expect: [allow, deny]
        """
    )

    assert [(case.name, case.asked, case.identity.roles, case.expect) for case in found] == [
        (f"{who} may {effect.name.lower()}", f"x:{who}", (who,), effect)
        for who in "ab"
        for effect in (Effect.ALLOW, Effect.DENY)
    ]
    assert {case.line for case in found} == {4}


def test_parameters_one_by_one_with_lists_and_dollars():
    found = cases(
        """
        cases:
          - name: costs $$1
            operation: x
            identity: {roles: "${roles}", project: "p${n}$$"}
            expect: allow
            parameters:
              - {roles: [a, b], n: 1}
              - {roles: [], n: true}
        """
    )

    assert [(case.name, case.identity.roles, case.identity.project_id) for case in found] == [
        ("costs $1 [a,b, 1]", ("a", "b"), "p1$"),
        ("costs $1 [, true]", (), "ptrue$"),
    ]


def test_a_table_has_a_case_in_each_cell():
    found = cases(
        """
        identities: {a: {roles: [a]}, b: {roles: [b]}}
        tables:
          - name: who
            identities: [a, b]
            target: {trait: T}
            expect:
              x: [allow, deny]
              GET /y: deny
          - identities: [a]
            expect: {x: [deny]}
        """
    )

    assert [
        (c.name, c.line, c.asked, c.identity.roles, c.expect.name, c.target) for c in found
    ] == [
        ("who: x by a", 8, "x", ("a",), "ALLOW", {"trait": "T"}),
        ("who: x by b", 8, "x", ("b",), "DENY", {"trait": "T"}),
        ("who: GET /y by a", 9, "GET /y", ("a",), "DENY", {"trait": "T"}),
        ("who: GET /y by b", 9, "GET /y", ("b",), "DENY", {"trait": "T"}),
        ("x by a", 11, "x", ("a",), "DENY", {}),
    ]


def test_a_case_without_a_name_is_called_by_what_it_says():
    found = cases(
        """
        identities: {a: {}}
        targets: {t: {trait: T}}
        cases:
          - {operation: x, identity: {}, expect: deny}
          - {operation: x, identity: {}, expect: deny}
          - {operation: x, identity: {like: a, roles: [b, c]}, target: t, expect: deny}
          - {request: GET /y, identity: a, target: {trait: T, n: v}, expect: deny}
        """
    )

    assert [case.name for case in found] == [
        "x by nobody",
        "x by nobody (2)",
        "x by a roles=b,c on t",
        "GET /y by a on trait=T n=v",
    ]


@pytest.mark.parametrize(
    ("said", "policies"),
    [("", ()), ("policy: a.yaml", ("a.yaml",)), ("policy: [a.yaml, d]", ("a.yaml", "d"))],
)
def test_the_policy_that_it_is_about(said, policies):
    text = f"{said}\ncases: [{{operation: x, identity: {{}}, expect: deny}}]"

    assert read(FILE, text.encode()).policies == policies


def with_case(more, **others):
    """A case with other lines in the place of its own."""
    lines = {"operation": "x", "identity": "{}", "expect": "deny"} | others
    body = "\n".join(f"    {name}: {value}" for name, value in lines.items() if value)
    return f"cases:\n  - name: n\n{body}\n{more}"


CASE = "who asks: a name from identities, or what the token says"
BAD = [
    ("", 1, "is empty: write cases into it"),
    ("# nothing", 1, "is empty: write cases into it"),
    ("cases: ]", 1, "is no YAML ("),
    (b"cases: \xff", 1, "is not UTF-8: save it as UTF-8"),
    ("cases: a", 1, 'cases is "a": write a list of cases'),
    ("cases: []", 1, "cases is []: write a list of cases"),
    ("policy: p", 1, "the file has no cases: write cases, or tables"),
    ("- a", 1, 'the file is ["a"]: write a mapping with cases, tables, or both'),
    ("case: []\ntables: []", 1, "the file has no 'case': did you mean cases?"),
    ("a: &x b\ncases: *x", 1, "refers to this by a YAML alias: write it out; "),
    ("cases: !set {}", 1, "has the YAML tag"),
    ("cases: !!python/name:os.system x", 1, "has the YAML tag"),
    ("? [a]\n: b", 1, "has a name that is a list or mapping: write a text"),
    ("cases:\n- a: 1\n  a: 2", 3, "has 'a' twice: keep the one that is meant"),
    ("cases:\n- 5", 2, "the case is 5: write a case: who asks for what, and what is expected"),
    (f"a: {'[' * 99}", 1, "is nested too deeply: write it with less"),
    (with_case("", expect="alow"), 5, 'expect is "alow": write allow or deny'),
    (with_case("", expect=""), 2, "the case has no expect: add allow or deny"),
    (
        with_case("", identity="", expect=""),
        2,
        f"the case has no identity and no expect: add {CASE}",
    ),
    (with_case("", operation=""), 2, "the case has not one of operation and request: write one"),
    (with_case("    request: GET /x"), 2, "the case has not one of operation and request"),
    (with_case("    rqeuest: GET /x"), 6, "the case has no 'rqeuest': did you mean request?"),
    (with_case("", identity="{rols: []}"), 4, "identity has no 'rols': did you mean roles?"),
    (with_case("", identity="{zzz: []}"), 4, "identity has no 'zzz': there are like, roles, "),
    (
        with_case("", identity="{user: 5}"),
        4,
        "identity.user is 5: write the id of the user, in quotes",
    ),
    (
        with_case("", identity="{roles: [no]}"),
        4,
        "a value of roles is false: write the name of a role",
    ),
    (
        with_case("", identity="who"),
        2,
        "there is no identity 'who': name one of identities: there are",
    ),
    (
        with_case("", identity="{project: p, domain: d}"),
        2,
        "the identity has project and domain: keep",
    ),
    (with_case("", operation="", request="/x"), 5, 'request is "/x": write a method and a path'),
    (with_case("", operation="' '"), 3, 'operation is " ": write the rule of an operation, with'),
    (
        "tables:\n- identities: [a]\n  expect: {'': deny}",
        3,
        'expect is "": write the rule of an op',
    ),
    (with_case("    target: t"), 2, "there is no target 't': name one of targets: there are none"),
    (with_case("    target: {a: 1}"), 6, "target.a is 1: write a text, in quotes"),
    (
        with_case("    decided_by: ${x}"),
        2,
        "${x} stands for nothing: put it under parameters or values",
    ),
    (with_case("    decided_by: a$b"), 2, "a text has a single $: write ${NAME}, or $$"),
    (
        with_case("    parameters: {a: b}"),
        6,
        'parameters.a is "b": write a list of values, or ${NAME} of such a list',
    ),
    (
        "values: {b: c}\n" + with_case("    parameters: {a: '${b}'}"),
        3,
        "the parameter a is no list: write a list of its values",
    ),
    (with_case("    parameters: {}"), 6, "parameters is {}: write lists of values by name"),
    (
        with_case("    parameters: {e: ['${e}']}", expect="${e}"),
        2,
        "${e} stands for nothing",
    ),
    (
        with_case("    parameters: {e: ['$${e}']}", expect="${e}"),
        5,
        'expect is "${e}": write allow or deny',
    ),
    (with_case("", identity="{system: 'no'}"), 4, 'identity.system is "no": write true or false'),
    (
        with_case("    parameters: {e: [alow]}", expect="${e}"),
        5,
        'expect is "alow": write allow or deny',
    ),
    (
        "identities: {a: {like: b}, b: {like: a}}\n" + with_case("", identity="a"),
        3,
        "the identity a is",
    ),
    ("targets: {a: b, b: a}\n" + with_case("    target: a"), 3, "there is no target 'a'"),
    ("values: {a: 1}\ntargets: {t: {n: '${b}'}}\n" + with_case(""), 2, "${b} stands for nothing"),
    (
        "identities: {a: {}}\ntables:\n- identities: [a]\n  expect:\n    x: [deny, deny]",
        4,
        "x has 2 cells, and there are 1 identities: write allow or deny for each of them",
    ),
    ("tables:\n- identities: [a]\n  expect: {x: [deny]}", 3, "there is no identity 'a'"),
    (
        "identities: {a: {}}\ntables:\n- identities: [a]\n  expect:\n    x: alow",
        5,
        'expect.x is "alow": write a list of allow and deny, one for each column; or one word',
    ),
    ("tables:\n- identities: [a]", 2, "the table has no expect: add a row for each operation"),
]


@pytest.mark.parametrize(("text", "line", "problem"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_told_with_line_and_remedy(text, line, problem):
    first, *_ = said(text)

    assert first.startswith(f"{FILE}:{line}: {problem}")
    assert ": " in first.removeprefix(f"{FILE}:{line}: ")


def test_all_that_is_wrong_is_told():
    found = said(
        """
        cases:
          - {operation: x, identity: {}, expect: no}
          - {operation: x, identity: {rols: a}, expect: deny, nome: n}
        """
    )

    assert [problem.partition(": ")[0] for problem in found] == [
        f"{FILE}:3",
        f"{FILE}:4",
        f"{FILE}:4",
    ]


def test_a_fault_is_one_line_whatever_the_file_holds():
    (problem,) = said('cases: [{operation: x, identity: "a\\nb", expect: deny}]')

    assert "\n" not in problem


def test_times_and_the_like_are_texts():
    (case,) = cases("cases: [{operation: x, identity: {}, target: {a: 2026-01-01}, expect: deny}]")

    assert case.target == {"a": "2026-01-01"}
