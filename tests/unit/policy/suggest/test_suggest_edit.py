"""Other check strings in a policy file, and every other line as it was."""

from __future__ import annotations

import pytest
import yaml

from policy_proxy.policy.suggest.edit import Line, edited, in_lines, without_line

WRITTEN = """\
# A policy.
"a": "role:one"  # beside

# above b
b: role:two
'c':
  role:three and
  role:four
"d": |
  role:five
  or role:six

# at the end
"""


def changed(rule, check="role:new", comment=""):
    return edited(WRITTEN, [Line(rule, check, comment)], (), ())


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("a", '"a": "role:one"  # beside', '"a": "role:new"  # beside'),
        ("b", "b: role:two", 'b: "role:new"'),
        ("c", "'c':\n  role:three and\n  role:four", "'c':\n  \"role:new\""),
        ("d", '"d": |\n  role:five\n  or role:six', '"d": "role:new"'),
    ],
)
def test_a_check_string_is_replaced_where_it_stands(rule, old, new):
    assert changed(rule) == WRITTEN.replace(old, new)


def test_a_comment_comes_above():
    assert changed("b", "!", "why") == WRITTEN.replace("b: role:two", '# why\nb: "!"')


@pytest.mark.parametrize("check", ['user_id:a"b', "role:é", "role:a\\b", "role:100%%", "x" * 300])
def test_any_check_string_is_written_so_that_it_is_read_as_it_is(check):
    text = edited(changed("b", check), (), [Line("e", check)], ())

    assert yaml.safe_load(text)["b"] == yaml.safe_load(text)["e"] == check
    assert len(text.splitlines()) == len(WRITTEN.splitlines()) + 2


def test_new_rules_come_at_the_end():
    text = edited(WRITTEN, (), [Line("e", "role:x"), Line("f", "!", "why")], ())

    assert text == WRITTEN + '\n"e": "role:x"\n"f": "!"  # why\n'


def test_a_file_that_there_is_not_begins_with_them():
    assert edited("", (), [Line("e", "role:x")], ()) == '"e": "role:x"\n'


def test_a_rule_goes_with_what_silences_a_warning_about_it():
    text = '# kept\n# lint: allow PP203 why\n"a": "@"  # beside\n"b": |\n  role:x\n\n"c": "!"'

    assert edited(text, (), (), ["a"]) == '# kept\n"b": |\n  role:x\n\n"c": "!"'
    assert edited(text, (), (), ["b"]) == text.replace('"b": |\n  role:x\n', "")
    assert edited(text, (), (), ["c"]) == text.removesuffix('"c": "!"')


def test_several_changes_at_once():
    text = edited(WRITTEN, [Line("a", "!"), Line("d", "@")], [Line("e", "!")], ["b", "c"])

    assert yaml.safe_load(text) == {"a": "!", "d": "@", "e": "!"}
    assert {"# A policy.", "# above b", "# at the end"} <= set(text.splitlines())


def test_a_file_written_as_json_gets_lines():
    text = in_lines("f", b'# why\n{"b": "role:x", "a": "role:y"}\n', ["a", "b"])

    assert text.splitlines()[0] == "# why"
    assert text.splitlines()[-2:] == ['"a": "role:y"', '"b": "role:x"']


@pytest.mark.parametrize("braces", ["{}", "{ }", "{\n}"])
def test_braces_around_nothing_go(braces):
    assert in_lines("f", f"# a\n{braces}\n# b\n".encode(), []) == "# a\n# b\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('# a\n# lint: allow PP203 why\n"x": "@"\n', '# a\n"x": "@"\n'),
        ('\n"x": "@"  # lint: allow PP203 why\n', '\n"x": "@"\n'),
    ],
)
def test_a_comment_that_silences_nothing_goes(text, left):
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "lint:" in line)

    assert without_line(text, number) == left
