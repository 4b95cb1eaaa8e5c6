"""Values that mean "everyone may" to oslo.policy, and other YAML that is not what it seems."""

from __future__ import annotations

import pytest
from oslo_policy import policy

from policy_proxy.policy.problem import Level

RULE = "placement:traits:delete"

# To oslo.policy each of these is "@", written without knowing it.
EVERYONE = [
    "", "!", "! ", "~", "null", "Null", "NULL", "!!null x", "!!null",
    "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "!!bool no",
    "0", "00", "-0", "+0", "0x0", "0b0", "0_0", "0.0", "0.", ".0", "-0.0", "0:0.0", "!!int 0",
    "[]", "{}", "!!seq []", "!!map {}", "!!set {}", "!!omap []", "[ ]",
    "''", '""', "!!str", "!!str ''", "!!binary ''", "|", ">", "|-", "&a", "&a ''", "&a []",
]  # fmt: skip

# Each of these is something else than the check string that it looks like, or none at all.
NOT_WHAT_IT_SEEMS = [
    "true", "True", "yes", "Yes", "on", "ON", "17", "1.5", "-.inf", ".nan", "1.0e+3", "2001-01-01",
    "2001-01-01 10:00:00", "=", "<<", "190:20:30",
    "! role:admin", "!!str role:admin", "!role:admin", "!x y", "!!binary QA==", "!<tag:x> role:a",
    "!!python/object:x.Y {}", "&a role:admin", "*a", "[role:admin]", "[[role:admin]]", "['@']",
    "{role: admin}", "\n  - role:admin", "\n  role: admin", "\n  <<: {a: b}", "' '", '"\\t"',
    '"\\n"', '"\\u00a0"',
]  # fmt: skip


def means_everyone(value):
    return str(policy.Rules.load(f"{RULE}: {value}\n")[RULE]) == "@"


@pytest.mark.parametrize("value", EVERYONE)
def test_these_are_dangerous_indeed(value):
    try:
        assert means_everyone(value)
    except (ValueError, TypeError, AttributeError):
        # A tag that oslo.policy's loader does not know: the file is not read at all.
        assert "!" in value


FRAMES = {
    "alone": ("{rule}: {value}\n", 1),
    "behind a good rule": ('"admin_or_service_api": "role:boss"\n\n"{rule}": {value}\n', 3),
    "before a good rule": ('"{rule}": {value}\n"admin_or_service_api": "role:boss"\n', 1),
    "with a comment": ("# Nobody\n{rule}: {value}  # really\n", 2),
    "with a mark at the start": ("\ufeff{rule}: {value}\n", 1),
    "with carriage returns": ('"admin_or_service_api": "role:boss"\r\n{rule}: {value}\r\n', 2),
    "in a document": ("---\n{rule}: {value}\n...\n", 2),
    "as a complex key": ("? {rule}\n: {value}\n", 1),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("value", [*EVERYONE, *NOT_WHAT_IT_SEEMS])
def test_a_value_that_is_no_plain_string_is_an_error_wherever_it_stands(frame, value, linted):
    text, line = frame
    (problem, *others) = [
        problem
        for problem in linted(text.format(rule=RULE, value=value)).problems
        if problem.code != "PP115"
    ]
    assert (problem.code, problem.level) == ("PP108", Level.ERROR)
    assert (problem.file, problem.line, problem.rule) == ("policy.yaml", line, RULE)
    assert '"!" for nobody or "@" for everyone' in problem.remedy
    assert others == []


@pytest.mark.parametrize("value", [*EVERYONE, *NOT_WHAT_IT_SEEMS])
def test_such_a_value_in_a_policy_directory_is_an_error_too(value, lint_files, relative):
    files = {"policy.yaml": "{}\n", "policy.d/10.yaml": f"a: role:b\n{RULE}: {value}\n"}
    (problem,) = [p for p in lint_files(files) if p.level is Level.ERROR]
    assert (problem.code, relative(problem), problem.line) == ("PP108", "policy.d/10.yaml", 2)


@pytest.mark.parametrize(
    "value",
    [
        "role:boss", '"role:boss"', "'role:boss'", "role:boss  # why", ">\n  role:boss",
        "|\n  role:boss", '"role:\\u0062oss"', "role:boss\n  or role:boss", "\n  role:boss",
    ],
)  # fmt: skip
def test_a_string_is_good_however_it_is_written(value, told):
    assert told(f"{RULE}: {value}\n") == []


@pytest.mark.parametrize("word", ["no", "off", "~", "0", "null", "false", "[]", "{}", ""])
def test_what_is_quoted_is_a_string_and_then_no_check(word, told_of):
    assert told_of(word) == (["PP111"] if word else ["PP108"])


NAMES = ["on", "no", "null", "~", "1", "1.5", "2001-01-01", "=", "!x admin_api", "''", "? [a]\n"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_string_is_an_error(name, told):
    assert told(f'"admin_or_service_api": "role:boss"\n{name}: "role:x"\n') == [("PP107", 2)]


def test_merge_keys_and_aliases_are_errors(told):
    assert told('"admin_or_service_api": &a "role:x"\n"service_api": *a\n') == [
        ("PP108", 1),
        ("PP108", 2),
    ]
    assert told('<<: {"admin_or_service_api": "@"}\n') == [("PP107", 1)]
    assert told('"admin_or_service_api": "role:x"\n<<: *a\n') == [("PP107", 2)]
    assert told('&a "admin_or_service_api": "role:x"\n') == [("PP107", 1)]


@pytest.mark.parametrize(
    "second", ["'service_api'", "service_api", '"service_\\u0061pi"', "? service_api\n"]
)
def test_a_name_is_the_same_however_it_is_written(second, told):
    text = f'"service_api": "role:boss"\n"admin_or_service_api": "role:x"\n{second}: "@"\n'
    assert told(text) == [("PP109", 3)]


def test_each_repetition_is_told(linted):
    found = linted('"admin_or_service_api": "role:x"\n' * 3).problems
    assert [(problem.code, problem.line) for problem in found] == [("PP109", 2), ("PP109", 3)]
    assert all("after line 1" in problem.text for problem in found)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("- a\n- b\n", "PP105", 1),
        ("# x\n\nrole:admin\n", "PP105", 3),
        ('"role:admin"\n', "PP105", 1),
        ("17\n", "PP105", 1),
        ("~\n", "PP105", 1),
        ("[]\n", "PP105", 1),
        ("!!map {}\n", "PP105", 1),
        ("!!set {a}\n", "PP105", 1),
        ("&x {}\n", "PP105", 1),
        ("*x\n", "PP105", 1),
        ("", "PP104", 1),
        ("\n\n \n", "PP104", 1),
        ("\ufeff", "PP104", 1),
        ("---\n", "PP104", 1),
        ("--- # x\n", "PP104", 1),
        ("...\n", "PP103", 1),
        ("%YAML 1.1\n---\n", "PP104", 1),
        ("# x\n---\n", "PP104", 1),
        ("a: role:x\n\tb: role:y\n", "PP103", 2),
        ("a:\trole:x\n", "PP103", 1),
        ("a: role:x\n\n  \tb: role:y\n", "PP103", 3),
        ("a: 'role:x\n", "PP103", 2),
        ("a: 'role:x'y'\n", "PP103", 1),
        ("a: @\n", "PP103", 1),
        ("a: %x\n", "PP103", 1),
        ("a: role:x: y\n", "PP103", 1),
        ("a: role:x\0\n", "PP103", 1),
        ("# a\r\na: role:x\n\x07\n", "PP103", 3),
        ("a: '@'\n---\nb: '@'\n", "PP106", 2),
        ("a: '@'\n...\nb: '@'\n", "PP103", 3),
        ("a: '@'\n...\n---\nb: '@'\n", "PP106", 3),
        ("{}\n---\n", "PP106", 2),
        (b"a: role:\xe9\n", "PP103", 1),
        (b"\n\n# \xff\n", "PP103", 3),
        ("a: role:x\n".encode("utf-16"), "PP103", 1),
        ("a: role:x\n".encode("utf-16-le"), "PP103", 1),
        ("a: role:x\n".encode("utf-32-be"), "PP103", 1),
    ],
)  # fmt: skip
def test_a_file_that_is_no_mapping_of_strings_is_an_error(text, code, line, told):
    assert told(text) == [(code, line)]


def test_rules_behind_the_place_where_a_file_breaks_are_not_said_to_be_missing(told):
    text = '"admin_or_service_api": "rule:boss"\n"helper": "role:x"\n"x\n"boss": "role:boss"\n'
    assert told(text) == [("PP103", 4)]


@pytest.mark.parametrize(
    "text", ["{}", "{}\n", "# Nothing.\n{}\n", "--- {}\n...\n", "\ufeff{}\r\n", "{\n}\n", "{ } # x"]
)
def test_an_empty_mapping_says_the_defaults_on_purpose(text, linted):
    found = linted(text, in_force=("policy.yaml",))
    assert found.problems == ()
    assert found.snapshot.origins == {}


@pytest.mark.parametrize("text", ["# a", "\n# a\n\n   # b\n", "\ufeff# a\r\n", "#\n", "#a: no\r"])
def test_comments_alone_are_a_warning_unless_rules_were_in_force(text, told):
    assert told(text) == [("PP201", 1)]
    assert told(text, in_force=("another.yaml",)) == [("PP201", 1)]
    assert told(text, in_force=("policy.yaml",)) == [("PP110", 1)]


@pytest.mark.parametrize("name", ["policy.yaml", "policy.d/a.json", "policy.d/a.yaml"])
def test_json_is_a_warning_whatever_the_file_is_called(name, lint_files, relative):
    found = lint_files(
        {name: '{"admin_or_service_api": "role:boss",\n "service_api": "role:robot"}'}
    )
    assert [(p.code, relative(p), p.line) for p in found] == [("PP209", name, 1)]


def test_in_json_the_lines_are_those_of_the_rules(told):
    text = (
        '{\n  "project_reader_api": "role:boss",\n'
        '  "service_api": false,\n  "project_reader_api": ""\n}\n'
    )
    assert told(text) == [("PP209", 1), ("PP108", 3), ("PP108", 4), ("PP109", 4)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_yaml_counts_them(end, told):
    text = f'# one{end}{end}"admin_or_service_api": "role:boss"{end}"service_api": !{end}'
    assert told(text) == [("PP108", 4)]


@pytest.mark.parametrize("end", ["\r", "\x85", "\u2028", "\u2029"])
def test_a_line_that_ends_unseen_is_an_error(end, told):
    """To oslo.policy the second one is a rule; to a reviewer it is a comment."""
    assert told(f'# one\r\n# two{end}"admin_or_service_api": "@"\n')[0] == ("PP127", 2)


@pytest.mark.parametrize("character", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
def test_text_that_is_shown_in_another_order_is_an_error(character, told):
    text = '"admin_or_service_api": "role:boss"\n# x%sy\n'
    assert told(text % character) == [("PP127", 2)]
    assert told(text % "\N{HEBREW LETTER ALEF}") == []


def test_names_and_roles_in_any_script(told):
    assert (
        told('"админ": "role:администратор"\n"admin_or_service_api": "rule:админ or role:ärzte"\n')
        == []
    )
    assert told('"admin_or_service_api": "role:\U0001f600"\n') == []
