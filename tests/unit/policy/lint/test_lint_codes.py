"""Every code has an example that is found, and nothing else in it; errors are never in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import policy_proxy
from policy_proxy.model import Identity
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.lint.codes import CODES
from policy_proxy.policy.problem import Level, PolicyError, Problem
from policy_proxy.policy.source import read
from policy_proxy.policy.watch import PolicyWatch

ERRORS = {code: one for code, one in CODES.items() if code.startswith("PP1")}
WARNINGS = {code: one for code, one in CODES.items() if code.startswith("PP2")}
GOOD = '"placement:traits:delete": "role:boss"\n'

# Where each example's findings are: file and line, in order. 0 is the whole file.
PLACES = {
    "PP101": [("policy.yaml", 0)],
    "PP102": [("policy.d/10-traits.yaml~", 0)],
    "PP103": [("policy.yaml", 2)],
    "PP104": [("policy.yaml", 1)],
    "PP105": [("policy.yaml", 1)],
    "PP106": [("policy.yaml", 2)],
    "PP107": [("policy.yaml", 1)],
    "PP108": [("policy.yaml", 1), ("policy.yaml", 2)],
    "PP109": [("policy.yaml", 2)],
    "PP110": [("policy.yaml", 1)],
    "PP111": [("policy.yaml", 1), ("policy.yaml", 2)],
    "PP112": [("policy.yaml", 1)],
    "PP113": [("policy.yaml", 1)],
    "PP114": [("policy.yaml", 1)],
    "PP115": [("policy.yaml", 1), ("policy.yaml", 2)],
    "PP116": [("policy.yaml", 1)],
    "PP117": [("policy.yaml", 1)],
    "PP118": [("policy.yaml", 1)],
    "PP119": [("policy.yaml", 1)],
    "PP120": [("policy.yaml", 1)],
    "PP121": [("policy.yaml", 1)],
    "PP122": [("policy.yaml", 1)],
    "PP123": [("policy.yaml", 1)],
    "PP124": [("policy.yaml", 1)],
    "PP125": [("policy.yaml", 1)],
    "PP126": [("policy.yaml", 1)],
    "PP201": [("policy.yaml", 1)],
    "PP202": [("policy.yaml", 1)],
    "PP203": [("policy.yaml", 1)],
    "PP204": [("policy.yaml", 1)],
    "PP205": [("policy.yaml", 1)],
    "PP206": [("policy.d/20-members.yaml", 1)],
    "PP207": [("policy.d/.10-readers.yaml", 0)],
    "PP208": [("policy.d/10-readers.txt", 0)],
    "PP209": [("policy.yaml", 1)],
    "PP210": [("policy.yaml", 1)],
    "PP211": [("policy.yaml", 1)],
    "PP212": [("policy.yaml", 1)],
    "PP213": [("policy.yaml", 1)],
    "PP214": [("policy.yaml", 1)],
    "PP215": [("policy.yaml", 1)],
}


def test_every_code_is_an_error_or_a_warning_and_in_order():
    assert [*ERRORS, *WARNINGS] == list(CODES) == sorted(CODES) == list(PLACES)
    assert all(re.fullmatch(r"PP[12]\d\d", code) for code in CODES)


def test_every_code_that_is_reported_is_there_and_the_other_way_round():
    source = Path(policy_proxy.__file__).parent / "policy"
    named = {
        code
        for path in source.rglob("*.py")
        if path.name not in ("errors_of_files.py", "errors_of_rules.py", "warnings.py")
        for code in re.findall(r'"(PP\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert named == CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_the_example_has_the_finding_and_no_other(code, lint_files, relative):
    example = CODES[code]
    found = lint_files(example.example, before=example.before)
    assert {problem.code for problem in found} == {code}
    assert [(relative(problem), problem.line) for problem in found] == PLACES[code]
    assert {problem.level for problem in found} == {
        Level.ERROR if code in ERRORS else Level.WARNING
    }


@pytest.mark.parametrize("code", CODES)
def test_a_finding_is_one_printable_sentence_with_a_remedy(code, lint_files):
    for problem in lint_files(CODES[code].example, before=CODES[code].before):
        assert problem.text
        assert problem.remedy
        assert str(problem).isprintable()
        assert str(problem).startswith(f"{problem.place}: ")
        assert str(problem).endswith(f" [{code}]")


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained_in_sentences(code):
    one = CODES[code]
    assert one.title == one.title.strip().rstrip(".")
    for text in (one.explanation, one.remedy):
        assert text.endswith(".")
        assert text == " ".join(text.split())


@pytest.fixture
def watch_of(site):
    """The watch of a worker for Placement, with the settings of the site."""

    def made(**changes):
        settings = site.settings(**changes)
        return PolicyWatch(settings, SERVICE.defaults, attributes=SERVICE.attributes)

    return made


def in_force(watch):
    boss = Identity(user_id="u", project_id="p", roles=("boss",))
    snapshot = watch.current
    return snapshot is not None and snapshot.authorize("placement:traits:delete", {}, boss)


AT_THE_START = [code for code, one in ERRORS.items() if not one.before]


@pytest.mark.parametrize("code", AT_THE_START)
def test_what_is_an_error_is_not_put_in_force_at_the_start(code, site, layout, watch_of):
    layout(site, ERRORS[code].example)
    watch = watch_of()
    watch.load_now()
    assert watch.current is None
    assert f"[{code}]" in watch.missing()


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("take", ["look", "load_now"])
def test_what_is_an_error_leaves_in_force_what_was(code, take, site, layout, watch_of):
    site.write(GOOD)
    watch = watch_of()
    watch.load_now()
    assert in_force(watch)
    before = watch.current
    site.file.unlink()
    layout(site, ERRORS[code].example)

    for _ in range(2):  # what two looks in a row see is settled
        getattr(watch, take)()

    assert watch.current is before
    assert in_force(watch)
    assert watch.state.refused == read(site.settings()).revision
    assert {code} == {text.rpartition("[")[2].rstrip("]") for text in watch.state.problems}


def test_comments_alone_take_the_place_of_rules_only_after_an_empty_mapping(site, watch_of):
    assert [*ERRORS.keys() - {*AT_THE_START}] == ["PP110"]
    comments = ERRORS["PP110"].example["policy.yaml"]
    watch = watch_of()
    taken = []
    for text in (comments, GOOD, comments, "{}\n", comments):
        site.write(text)
        watch.load_now()
        taken.append(watch.current.revision == read(site.settings()).revision)
    assert taken == [True, True, False, True, True]


@pytest.mark.parametrize("code", WARNINGS)
def test_what_is_a_warning_is_put_in_force(code, site, layout, watch_of):
    layout(site, WARNINGS[code].example)
    watch = watch_of()
    watch.load_now()
    assert watch.current is not None
    assert watch.current.revision == read(site.settings()).revision


@pytest.mark.parametrize("code", CODES)
def test_build_refuses_with_the_errors_of_lint_and_for_nothing_else(code, site, layout, lint_files):
    example = CODES[code]
    found = lint_files(example.example, before=example.before)
    settings = site.settings()
    files = {str(site.root / name) for name in example.before}
    arguments = (read(settings), settings, SERVICE.defaults, SERVICE.attributes, files)
    if code in WARNINGS:
        assert build(*arguments).revision == read(settings).revision
    else:
        with pytest.raises(PolicyError) as refusal:
            build(*arguments)
        assert refusal.value.found == found


def test_problems_without_a_place_and_with_odd_characters_stay_one_printable_line():
    problem = Problem("PP205", "a\nb\udcff.yaml", 3, "x\x1b[31m\u202e", "is\nodd", "mend it")
    assert str(problem).isprintable()
    assert "a\\nb\\udcff.yaml:3: rule " in str(problem)
    assert Problem("PP123", "", 0, "a", "is odd", "mend it").place == "default rules"
