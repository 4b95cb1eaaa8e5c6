from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_policy import policy

from harness.examples import some
from policy_proxy.policy.problem import Level, errors
from policy_proxy.policy.reader import parse

# What oslo.policy takes for "everyone", or what hides what a file says: contents, line, finding.
HAZARDS = {
    "unquoted !": ("a: !\n", 1, "unquoted !"),
    "unquoted ! and a check": ("a: ! role:admin\n", 1, "unquoted !"),
    "false": ("a: false\n", 1, "unquoted false"),
    "no": ("a: no\n", 1, "unquoted no"),
    "off": ("a: off\n", 1, "unquoted off"),
    "Off": ("a: Off\n", 1, "unquoted Off"),
    "null": ("a: null\n", 1, "unquoted null"),
    "tilde": ("a: ~\n", 1, "unquoted ~"),
    "zero": ("a: 0\n", 1, "unquoted 0"),
    "float": ("a: 0.0\n", 1, "unquoted 0.0"),
    "number": ("a: 17\n", 1, "unquoted 17"),
    "date": ("a: 2001-01-01\n", 1, "unquoted 2001-01-01"),
    "equals": ("a: =\n", 1, "unquoted ="),
    "empty list": ("a: []\n", 1, "list or mapping"),
    "list of lists": ("a: [['role:admin']]\n", 1, "list or mapping"),
    "block list": ("a:\n  - role:admin\n", 1, "list or mapping"),
    "empty mapping": ("a: {}\n", 1, "list or mapping"),
    "nothing": ("# first\na:\nb: '@'\n", 2, "is empty"),
    "empty string": ("a: ''\n", 1, "is empty"),
    "blank string": ('a: " \\t "\n', 1, "is empty"),
    "empty block": ("a: |\n\n", 1, "is empty"),
    "tagged string": ("a: !!str role:admin\n", 1, "YAML tag"),
    "tagged binary": ("a: !!binary QA==\n", 1, "YAML tag"),
    "anchor": ("a: &x role:admin\n", 1, "anchor or alias"),
    "alias": ("b: '!'\na: *x\n", 2, "anchor or alias"),
    "merge": ("b: '!'\n<<: {a: '@'}\n", 2, "unquoted <<"),
    "key that is a list": ("? [a]\n: '@'\n", 1, "list or mapping"),
    "key that is a truth value": ("on: '@'\n", 1, "unquoted on"),
    "empty key": ("'': '@'\n", 1, "is empty"),
    "duplicate": ("a: '!'\nb: '!'\na: '@'\n", 3, "stands here again, after line 1"),
    "second document": ("a: '!'\n---\nb: '@'\n", 2, "second YAML document"),
    "list at the top": ("- a\n- b\n", 1, "no mapping"),
    "string at the top": ("a\n", 1, "no mapping"),
    "tagged top": ("!!set {a: '@'}\n", 1, "no mapping"),
    "anchored top": ("&top\na: '@'\n", 1, "no mapping"),
    "alias at the top": ("*x\n", 1, "no mapping"),
    "empty": ("", 1, "holds no rules"),
    "blank": ("\n\n", 1, "holds no rules"),
    "only comments": ("# a: '@'\n", 1, "holds comments only"),
    "only comments behind a mark": ("\ufeff# a: '@'\n\n  # b\n", 1, "holds comments only"),
    "only comments and a marker": ("# a: '@'\n---\n", 1, "holds no rules"),
    "only a marker": ("---\n", 1, "holds no rules"),
    "tab": ("a: '@'\n\tb: '@'\n", 2, "no YAML"),
    "unquoted @": ("b: '!'\na: @\n", 2, "no YAML"),
    "cut in the middle": ("a: '!'\nb: 'role:", 2, "no YAML"),
    "bad indent": ("a: '!'\n b: '@'\n", 2, "no YAML"),
    "NUL": ("a: '@'\0\n", 1, "no YAML"),
    "not UTF-8": (b"a: '!'\nb: '\xe9'\n", 2, "not UTF-8"),
    "UTF-16": ("a: '!'\n".encode("utf-16"), 1, "not UTF-8"),
    "comment right behind a bar": ("b: '!'\na: |# why\n  role:x\n", 2, "no YAML"),
    "tab before a comment": ("b: '!'\na: '@'\t# why\n", 2, "no YAML"),
    "mark in the middle": ("a: role:x\n\ufeffb: \ufeffno\nc: !\n", 3, "unquoted !"),
    "deep": ("[" * 1_000_000, 1, "no mapping"),
    "deep value": ("a: " + "[" * 1_000_000, 1, "list or mapping"),
    "deep mappings": ("b: '!'\na: " + "{" * 1_000_000, 2, "list or mapping"),
    "deep lists": ("b: '!'\na:\n " + "- " * 1_000_000, 2, "list or mapping"),
    "deep keys": ("b: '!'\n" + "? " * 1_000_000, 2, "nested too deeply"),
    "deep behind the end": ("b: '!'\n--- " + "[" * 1_000_000, 2, "second YAML document"),
    "aliases that double": (
        "a: &a [x, x]\n" + "".join(f"a{i}: &a{i} [*a, *a]\n" for i in range(50)), 1, "anchor"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "line", "text"), HAZARDS.values(), ids=HAZARDS)
def test_a_hazard_is_refused_with_its_line_and_a_remedy(content, line, text):
    raw = content.encode() if isinstance(content, str) else content
    problem = parse("policy.yaml", raw).problems[0]
    assert (problem.file, problem.line) == ("policy.yaml", line)
    assert text in problem.text
    assert problem.remedy
    assert (problem.level is Level.WARNING) is (text == "holds comments only")


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        ("{}", {}),
        ("--- {}\n...\n", {}),
        ('"a": "!"\n"b": "@"\n', {"a": "!", "b": "@"}),
        ("# why\na:b:c: role:admin  # who\n", {"a:b:c": "role:admin"}),
        ("a: >\n  role:admin\n  or role:x\n", {"a": "role:admin or role:x\n"}),
        ("a: 'no'\n", {"a": "no"}),
        ("\ufeffa: role:é\n", {"a": "role:é"}),
    ],
)
def test_a_good_file_is_read_as_it_stands(content, rules):
    parsed = parse("policy.yaml", content.encode())
    assert parsed.problems == ()
    assert {name: rule.check for name, rule in parsed.rules.items()} == rules


@pytest.mark.parametrize("start", ["", "# why\n", "---\n"])
def test_json_is_read_and_said_to_be_json(start):
    content = start + '{"a": "role:admin",\n "b": "not role:x"}'
    parsed = parse("policy.json", content.encode())
    assert {name: (r.check, r.line) for name, r in parsed.rules.items()} == {
        "a": ("role:admin", start.count("\n") + 1),
        "b": ("not role:x", start.count("\n") + 2),
    }
    (problem,) = parsed.problems
    assert (problem.code, problem.level, problem.line) == (
        "PP209", Level.WARNING, start.count("\n") + 1,
    )  # fmt: skip


def test_every_problem_of_a_file_is_told_and_the_names_stay_known():
    parsed = parse("p", b"a: no\nb: []\nc: role:x\n")
    assert [(problem.line, problem.rule) for problem in parsed.problems] == [(1, "a"), (2, "b")]
    assert {name: rule.check for name, rule in parsed.rules.items()} == {
        "a": "!", "b": "!", "c": "role:x",
    }  # fmt: skip


_FRAGMENTS = st.sampled_from(
    ["a", "b: ", "c: ", "'", '"', "!", "@", "\n", "\n ", "- ", "role:x", "no", "~", "0", "[", "]",
     "{", "}", ", ", "&x ", "*x", "<<", "|", "> ", "#", "---", "...", "? ", ": ", "\t", "\\", "%",
     "\ufeff", "\r", "\u2028", "?", "\x85"]
)  # fmt: skip


@settings(max_examples=some(800), deadline=None)
@given(st.lists(_FRAGMENTS, max_size=14).map("".join))
def test_what_is_not_refused_is_what_oslo_policy_reads(text):
    parsed = parse("p", text.encode())
    if not errors(parsed.problems):
        theirs = policy.parse_file_contents(text)
        assert {name: rule.check for name, rule in parsed.rules.items()} == theirs
