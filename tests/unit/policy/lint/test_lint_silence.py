"""Comments that silence a warning, and those that do not."""

from __future__ import annotations

import pytest

from policy_proxy.policy.lint.codes import CODES
from policy_proxy.policy.problem import Level

OPEN = '"placement:traits:list": "@"'
ALLOW = "# lint: allow PP203 the dashboard has no role"


@pytest.mark.parametrize(
    "text",
    [
        f"{ALLOW}\n{OPEN}\n",
        f"{OPEN}  {ALLOW}\n",
        f"{ALLOW}\n# List traits.\n   # GET /traits\n{OPEN}\n",
        f"# List traits.\n  {ALLOW}\n{OPEN}\n",
        f"{OPEN}  # everyone {ALLOW}\n",
        f"#lint:allow PP203 x\n{OPEN}\n",
        f"#   lint:   allow   PP203   x\n{OPEN}\n",
        f"\ufeff{ALLOW}\r\n{OPEN}\r\n",
        f"{ALLOW}\r{OPEN}\r",
        f"{ALLOW} für alle\n{OPEN}\n",
        f"{ALLOW}\n? placement:traits:list\n: '@'\n",
    ],
)
def test_a_warning_is_silenced_by_a_comment_with_a_reason(text, told):
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{ALLOW}\n\n{OPEN}\n", [("PP210", 1), ("PP203", 3)]),
        (f"{OPEN}\n{ALLOW}\n", [("PP203", 1), ("PP210", 2)]),
        (f'{ALLOW}\n"admin_or_service_api": "role:boss"\n{OPEN}\n', [("PP210", 1), ("PP203", 3)]),
        (f'"admin_or_service_api": "role:boss"  {ALLOW}\n{OPEN}\n', [("PP210", 1), ("PP203", 2)]),
        (f'{OPEN}  {ALLOW}\n"placement:reshaper:reshape": "@"\n', [("PP203", 2)]),
        (f"# lint: allow PP203\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow PP203   \n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow pp203 x\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow PP203, x\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow PP204 x\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow PP299 x\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: allow all of it\n{OPEN}\n", [("PP210", 1), ("PP203", 2)]),
        (f"# lint: disable PP203 x\n{OPEN}\n", [("PP203", 2)]),
        (f"# LINT: ALLOW PP203 x\n{OPEN}\n", [("PP203", 2)]),
        (f"#lint allow PP203 x\n{OPEN}\n", [("PP203", 2)]),
        (f"# lint: allowed PP203 x\n{OPEN}\n", [("PP203", 2)]),
        (f"{ALLOW}\n{{}}\n", [("PP210", 1)]),
    ],
)
def test_any_other_comment_is_told_or_is_just_a_comment(text, found, told):
    assert told(text) == found


def test_what_is_wrong_with_a_comment_is_told(linted):
    def said(comment):
        (problem,) = linted(f'# lint: {comment}\n"admin_or_service_api": "role:boss"\n').problems
        return problem.text, problem.remedy

    assert said("allow PP203") == (
        "has a comment that silences a warning without a reason", "write it behind the code",
    )  # fmt: skip
    assert said("allow PP203 x") == (
        "has a comment that would silence PP203, which is not found here", "take the comment away",
    )  # fmt: skip
    assert said("allow PP108 x")[0] == "has a comment that would silence the error PP108"
    assert said("allow PP203, PP204 x") == (
        "has a comment that silences nothing, as PP203, is no code", "name one code a comment",
    )  # fmt: skip
    assert said("allow all of it")[0] == "has a comment that silences nothing, as all is no code"
    assert said("allow")[0] == "has a comment that silences nothing, as it names no code"


def test_each_warning_wants_a_comment_of_its_own(told):
    both = '"service_api": "role:service"\n'
    text = f"# lint: allow PP202 one\n# lint: allow PP206 two\n{both}"
    assert told(text) == [("PP210", 2)]
    twice = f"# lint: allow PP203 one\n# lint: allow PP203 two\n{OPEN}\n"
    assert told(twice) == []


def test_two_warnings_of_one_rule_are_silenced_by_two_comments(lint_files):
    files = {
        "policy.d/1.yaml": f"{OPEN} # lint: allow PP203 x\n",
        "policy.d/2.yaml": f"# lint: allow PP203 x\n# lint: allow PP206 y\n{OPEN}\n",
    }
    assert [(p.code, p.line) for p in lint_files(files)] == [("PP210", 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"admin_or_service_api": !', "PP108"),
        ('"admin_or_service_api": "role:x and"', "PP111"),
        ('"placement:traits:lst": "role:x"', "PP121"),
        ('"placement:traits:list": "not rule:typo"', "PP122"),
        ('"placement:traits:list": "role:a or not role:a"', "PP119"),
        ('"default": "@"', "PP124"),
    ],
)
def test_an_error_is_not_silenced(text, code, linted):
    found = linted(f"# lint: allow {code} really\n{text}\n")
    assert {(problem.code, problem.line) for problem in found.problems} == {
        ("PP210", 1),
        (code, 2),
    }
    assert found.snapshot is None
    assert [p.text for p in found.problems if p.code == "PP210"] == [
        f"has a comment that would silence the error {code}"
    ]


def test_a_comment_may_be_about_what_an_error_hides(told):
    """What the rules mean is looked at only without errors."""
    assert told(f"{ALLOW}\n{OPEN}\n\n'admin_api': !\n") == [("PP108", 4)]


WHOLE_FILES = {
    "PP201": {"policy.yaml": "# lint: allow PP201 a sample\n#'admin_api': 'role:x'\n"},
    "PP208": {"policy.d/a.txt": "# lint: allow PP208 its name is given\n'service_api': 'role:x'\n"},
    "PP209": {"policy.yaml": "# lint: allow PP209 a tool wrote it\n{'service_api': 'role:x'}\n"},
}


@pytest.mark.parametrize("files", WHOLE_FILES.values(), ids=WHOLE_FILES)
def test_a_warning_about_a_file_is_silenced_on_its_first_line(files, lint_files):
    assert lint_files(files) == ()


LINES = [
    code
    for code in CODES
    if code.startswith("PP2") and code not in (*WHOLE_FILES, "PP207", "PP210")
]


@pytest.mark.parametrize("code", LINES)
def test_every_warning_about_a_rule_can_be_silenced(code, lint_files):
    example = {
        name: "".join(
            f"{line}  # lint: allow {code} x\n" for line in text.splitlines(keepends=False)
        )
        for name, text in CODES[code].example.items()
    }
    left = lint_files(example)
    assert {problem.code for problem in left} <= {"PP210"}
    assert all(problem.level is Level.WARNING for problem in left)


def test_a_comment_in_one_file_says_nothing_of_another(lint_files, relative):
    files = {"policy.yaml": f"{ALLOW}\n{{}}\n", "policy.d/1.yaml": f"#\n{OPEN}\n"}
    assert [(p.code, relative(p), p.line) for p in lint_files(files)] == [
        ("PP210", "policy.yaml", 1), ("PP203", "policy.d/1.yaml", 2),
    ]  # fmt: skip
