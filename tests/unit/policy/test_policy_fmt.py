"""The canonical form of a policy file: the same rules and comments, whatever it was before."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.policy.fmt import formatted
from policy_proxy.policy.problem import PolicyError, errors
from policy_proxy.policy.reader import parse

ORDER = ["admin_api", "things:list", "things:show", "things:update", "things:delete"]
HELPERS = ["a_helper", "owner", "ünï", "with space", "on", "1.5", "a:b#c", 'q"t', "z"]
CHECKS = [
    "role:admin",
    "!",
    "@",
    "role:a and not (role:b or rule:owner)",
    "'x':%(name)s",
    '"x":%(name)s',
    "user_id:100%%",
    "role:漢字 or role:é",
    "role:a#b",
    "no",
    "project_id:\\d",
    "role:long or " * 40 + "role:end",
    "role:\U0001f600",
]
_SAFE = re.compile(r"[a-z][a-z_:]*[a-z]( (and|or|not|[a-z]+:[a-z]+))*")


def form(text):
    return formatted("policy.yaml", text.encode(), ORDER).decode()


def meaning(text):
    """The rules as oslo.policy sees them, which looks at the words of a check string."""
    parsed = parse("policy.yaml", text.encode())
    assert not errors(parsed.problems)
    return {name: rule.check.split() for name, rule in parsed.rules.items()}


def lines(*each):
    return "".join(f"{line}\n" for line in each)


@dataclass
class Written:
    """A rule, and how it is written.

    :param above: lines of comments and empty lines.
    """

    name: str
    check: str
    quote: str
    quote_check: str
    above: list[str] = field(default_factory=list)
    within: str = ""
    beside: str = ""

    def __str__(self):
        name, check = _scalar(self.name, self.quote), _scalar(self.check, self.quote_check)
        block = self.quote_check in BLOCKS
        beside = f"  {self.beside}" if self.beside and not block else ""
        if self.within and not block:
            return "\n".join([*self.above, f"{name}: {self.within}", f"    {check}{beside}"])
        return "\n".join([*self.above, f"{name}: {check}{beside}"])


BLOCKS = {"|", ">", "|-", ">-", "|+", ">2", "|  # a header", ">+ # a header"}


def _scalar(text, quote):
    if quote in BLOCKS:
        words = text.split(" ")
        middle = len(words) // 2
        return f"{quote}\n  {' '.join(words[:middle]) or words[0]}" + (
            f"\n  {' '.join(words[middle:])}" if middle else ""
        )
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    if quote == "plain" and _SAFE.fullmatch(text) and text not in ("on", "no"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def files(draw):
    """A file in some order, quoting and spacing, whose comments are all different."""
    numbers = itertools.count()

    def comment():
        return f"# {next(numbers)} é {draw(st.sampled_from(['why', 'x: y', chr(34), '']))}".rstrip()

    quotes = st.sampled_from(["'", '"', "plain"])
    names = draw(st.lists(st.sampled_from(ORDER + HELPERS), min_size=1, max_size=8, unique=True))
    above = st.lists(st.sampled_from(["", " ", "#", "#", "#"]), max_size=3)
    made = []
    for name in names:
        one = Written(
            name,
            draw(st.sampled_from(CHECKS)),
            draw(quotes),
            draw(quotes | st.sampled_from(sorted(BLOCKS))),
            [comment() if line == "#" else line for line in draw(above)],
        )
        one.within = comment() if draw(st.integers(0, 5)) == 0 else ""
        one.beside = comment() if draw(st.integers(0, 3)) == 0 else ""
        made.append(one)
    text = draw(st.sampled_from(["", "---\n", "# head\n\n", "# head\n---\n", "\n\n"]))
    text += "\n".join(map(str, made)) + draw(
        st.sampled_from(["", "\n", "\n\n\n", "\n# end", "\n\n# end\n# of it\n", "\n...\n"])
    )
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))


def comments_of(text):
    return sorted(re.findall(r"# \d+ é[^\r\n]*|# (?:head|end|of it|a header)", text))


@settings(max_examples=some(120))
@given(text=files())
def test_rules_and_comments_stay(text):
    result = form(text)

    assert meaning(result) == meaning(text)
    kept = [comment.rstrip() for comment in comments_of(text)]
    assert comments_of(result) == kept
    assert form(result) == result


@settings(max_examples=some(120))
@given(text=files())
def test_the_form_is_one(text):
    """Whatever it was before: one quoting, one line ending, one empty line at most."""
    result = form(text)

    assert "\r" not in result
    assert not result.startswith("\n")
    assert result.endswith("\n")
    assert "\n\n\n" not in result
    for line in result.splitlines():
        assert re.match(r'"([^"\\]|\\.)+": (["|>].*)$|#|  \S|$', line), line
        assert line == line.rstrip()


@settings(max_examples=some(60))
@given(text=files())
def test_the_order_is_one(text):
    """Within a group, and of groups by their first rules."""
    places = {name: place for place, name in enumerate(ORDER)}
    groups = [
        [(places.get(name, -1), name) for name in meaning(block)]
        for block in form(text).split("\n\n")
        if re.search(r'^"', block, re.MULTILINE)
    ]

    assert groups == [sorted(group) for group in groups]
    assert groups == sorted(groups, key=min)


@settings(max_examples=some(60))
@given(text=files(), data=st.data())
def test_quoting_and_line_endings_make_no_difference(text, data):
    """Nor does what is between the lines."""
    unix = text.replace("\r\n", "\n")
    other = unix.replace("\n", data.draw(st.sampled_from(["\r\n", "\n"])))

    assert form(other) == form(unix)
    assert form("\ufeff" + other) == form(unix)


def test_helpers_come_first_and_then_the_services_rules_in_its_order():
    before = lines(
        '"things:delete": "role:a"',
        '"z": "role:z"',
        '"things:list": "rule:z"',
        '"b": "role:b"',
    )

    assert form(before) == lines(
        '"b": "role:b"',
        '"z": "role:z"',
        '"things:list": "rule:z"',
        '"things:delete": "role:a"',
    )


COMMENTED = {
    "a head, and a group for each heading": (
        [
            "# Our policy.",
            "",
            "# Writing.",
            "",
            "# Removal needs a boss.",
            "things:delete: role:boss   # since the accident",
            "",
            "# Reading.",
            "# For everyone who works here.",
            "things:show: role:a",
            "things:list: role:a",
        ],
        [
            "# Our policy.",
            "",
            "# Writing.",
            "",
            "# Reading.",
            "# For everyone who works here.",
            '"things:list": "role:a"',
            '"things:show": "role:a"',
            "",
            "# Removal needs a boss.",
            '"things:delete": "role:boss"  # since the accident',
        ],
    ),
    "each rule with its own": (
        ["# b", "things:show: role:b # is b", "# a", "things:list: role:a # is a"],
        [
            "# a",
            '"things:list": "role:a"  # is a',
            "# b",
            '"things:show": "role:b"  # is b',
        ],
    ),
    "one that silences a warning stays with it": (
        ["# lint: allow PP203 it is open", 'things:show: "@"', "things:list: role:a"],
        ['"things:list": "role:a"', "# lint: allow PP203 it is open", '"things:show": "@"'],
    ),
    "between a name and its check string": (
        ["things:list:  # the list", "  # of things", "  role:a  # is for a"],
        ["# the list", "# of things", '"things:list": "role:a"  # is for a'],
    ),
    "at the end of a group, and of the file": (
        [
            "things:show: role:a",
            "# things:update: role:a",
            "",
            "things:list: role:a",
            "# things:delete: role:a",
            "",
            "# The end.",
        ],
        [
            '"things:list": "role:a"',
            "# things:delete: role:a",
            "",
            '"things:show": "role:a"',
            "# things:update: role:a",
            "",
            "# The end.",
        ],
    ),
    "a heading behind an empty line": (
        ["things:show: role:a", "", "# Lists", "", "# The list", "things:list: role:a"],
        ["# Lists", "", "# The list", '"things:list": "role:a"', "", '"things:show": "role:a"'],
    ),
    "one without a blank, and one that is empty": (
        ["#a", "things:list: role:a #", "#"],
        ["#a", '"things:list": "role:a"  #', "#"],
    ),
    "above the braces of JSON": (
        ["# lint: allow PP209 x", "# why", '{"things:show": "role:a", "admin_api": "role:b"}'],
        ["# lint: allow PP209 x", "# why", "", '"admin_api": "role:b"', '"things:show": "role:a"'],
    ),
    "markers of a document": (
        ["# head", "--- # begin", "things:list: role:a", "... # end"],
        ["# head", "# begin", '"things:list": "role:a"', "# end"],
    ),
}


@pytest.mark.parametrize(("before", "after"), COMMENTED.values(), ids=COMMENTED)
def test_where_comments_go(before, after):
    assert form(lines(*before)) == lines(*after)
    assert form(lines(*after)) == lines(*after)


WRITTEN = {
    "plain": ("things:list: role:a", '"things:list": "role:a"'),
    "single quotes": ("'things:list': '''x'':%(n)s'", '"things:list": "\'x\':%(n)s"'),
    "double quotes within": ("things:list: '\"x\":%(n)s'", r'"things:list": "\"x\":%(n)s"'),
    "a backslash": ("things:list: role:a\\d", r'"things:list": "role:a\\d"'),
    "an escaped character": (r'things:list: "role:\u00e9\t"', r'"things:list": "role:é\t"'),
    "unicode": ("ünï: role:漢字 or role:😀", '"ünï": "role:漢字 or role:😀"'),
    "over several lines": (
        'things:list: "role:a\n  or\n\n  role:b"\nthings:show: role:a\n  or role:b',
        r'"things:list": "role:a or\nrole:b"' + '\n"things:show": "role:a or role:b"',
    ),
    "a very long one": ("things:list: " + "role:abc or " * 50 + "role:d",) * 2,
    "a block": (
        "'things:list': |\n  role:a\n  or role:b",
        '"things:list": |\n  role:a\n  or role:b',
    ),
    "a folded block": ("'things:list': >-\n   role:a", '"things:list": >-\n   role:a'),
    "a block with a comment": (
        "'things:list': | # why\n  role:a\n# below",
        '"things:list": | # why\n  role:a\n# below',
    ),
    "a block in which a comment sign stands": (
        "'things:list': |\n  role:a\n  or role:#b",
        '"things:list": |\n  role:a\n  or role:#b',
    ),
    "a block with an indentation of its own": (
        "'things:list': |2\n    role:a",
        '"things:list": |2\n    role:a',
    ),
    "a block that keeps empty lines": (
        "'things:list': |+\n  role:a\n\n'things:show': role:b",
        r'"things:list": "role:a\n\n"' + '\n\n"things:show": "role:b"',
    ),
    "a block that keeps empty lines, with a comment": (
        "'things:list': |+ # why + how\n  role:a\nthings:show: >+  # this\n  role:b\nx: role:c",
        '"x": "role:c"\n'
        r'"things:list": "role:a\n"  # why + how' + "\n" + r'"things:show": "role:b\n"  # this',
    ),
    "a block with a sign in its comment": (
        "'things:list': |-  # a + b\n  role:a",
        '"things:list": |-  # a + b\n  role:a',
    ),
    "explicit": ("? things:list\n: role:a", '"things:list": "role:a"'),
    "indented": (
        "  things:list: role:a\n  # why\n  things:show: role:a",
        '"things:list": "role:a"\n# why\n"things:show": "role:a"',
    ),
    "JSON": (
        '{\n    "things:show": "role:a", "things:list": "role:\\u00e9"\n}',
        '"things:list": "role:é"\n"things:show": "role:a"',
    ),
    "braces with comments": (
        "{ # head\n\n 'things:show': 'role:a', # a\n # b\n things:list: role:b}",
        '# head\n\n# b\n"things:list": "role:b"\n"things:show": "role:a"  # a',
    ),
}


@pytest.mark.parametrize(("before", "after"), WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_how_it_is_written(before, after, ending):
    if before == after:
        after = '"things:list": "' + before.partition(": ")[2] + '"'

    assert form(before + ending) == after + "\n"
    assert form(after + "\n") == after + "\n"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_line_endings(newline):
    before = newline.join(["# head", "", "'things:list': |", "  role:a", "  or role:b", "# end"])

    assert form(before) == lines(
        "# head", "", '"things:list": |', "  role:a", "  or role:b", "# end"
    )


@pytest.mark.parametrize("text", ["{}\n", "# A comment.\r\n{}", "# Only comments.\n", "{ }"])
def test_a_file_without_a_rule_stays_as_it_is(text):
    assert form(text) == text


REFUSED = {
    "nothing": ("", 1, "PP104"),
    "a list": ("- role:a\n", 1, "PP105"),
    "no YAML": ('"things:list": "role:a\n', 2, "PP103"),
    "a second time": ("# a\nthings:list: role:a\nthings:list: role:b\n", 3, "PP109"),
    "a second document": ("things:list: role:a\n---\nthings:show: role:a\n", 2, "PP106"),
    "an anchor": ("things:list: &x role:a\nthings:show: role:a\n", 1, "PP108"),
    "an alias": ("things:list: &x role:a\nthings:show: *x\n", 1, "PP108"),
    "an anchored name": ("&x things:list: role:a\n", 1, "PP107"),
    "a merged mapping": ("<<: {a: b}\nthings:list: role:a\n", 1, "PP107"),
    "a tag": ("things:list: role:a\nthings:show: !!str role:a\n", 2, "PP108"),
    "an unquoted !": ("things:list: !\n", 1, "PP108"),
    "no string": ("things:list: role:a\n\nthings:show: no\n", 3, "PP108"),
}


@pytest.mark.parametrize(("text", "line", "code"), REFUSED.values(), ids=REFUSED)
def test_a_bad_file_is_refused_with_its_line(text, line, code):
    with pytest.raises(PolicyError) as refused:
        form(text)

    problem = refused.value.found[0]
    assert (problem.file, problem.line, problem.code) == ("policy.yaml", line, code)
    assert problem.remedy


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("%YAML 1.1\n---\nthings:list: role:a\n", 0, "it holds '%YAML 1.1"),
        (
            "things:list: role:a\n\n# \u2028things:show: role:a\n",
            3,
            "expected <block end>",
        ),
        (
            "things:list: role:a\u2028things:show: role:a\n",
            1,
            "mapping values are not allowed here",
        ),
        (
            "# head\n? | # why\n  things:list\n: role:a\n",
            2,
            "the comment '# why' would not stay as it is",
        ),
    ],
)
def test_what_has_no_canonical_form(text, line, why):
    """The reader takes these for rules as oslo.policy does, by YAML 1.1."""
    assert not errors(parse("policy.yaml", text.encode()).problems)
    with pytest.raises(PolicyError) as refused:
        form(text)

    (problem,) = refused.value.found
    assert (problem.line, problem.code) == (line, "PP103")
    assert why in problem.text
