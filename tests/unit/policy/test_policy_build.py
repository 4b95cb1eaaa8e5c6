from __future__ import annotations

import logging
import os

import pytest
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.build import build
from policy_proxy.policy.problem import PolicyError
from policy_proxy.policy.source import read


@pytest.fixture
def built(site, defaults):
    """Builds what lies on the disk."""

    def now(**changes):
        settings = site.settings(**changes)
        return build(read(settings), settings, defaults)

    return now


def _may(snapshot, rule, *roles, **target):
    identity = Identity(user_id="u", project_id="p", roles=roles)
    return snapshot.authorize(rule, target, identity)


# Each is "everyone may" to oslo.policy, or is noticed only when a request fails, or not at all.
# File contents, line, words of the problem.
REFUSED = {
    "unquoted !": ("'admin_api': '!'\n'things:list': !\n", 2, "unquoted !"),
    "false": ("'things:list': false\n", 1, "unquoted false"),
    "no": ("'things:list': no\n", 1, "unquoted no"),
    "off": ("'things:list': off\n", 1, "unquoted off"),
    "tilde": ("'things:list': ~\n", 1, "unquoted ~"),
    "zero": ("'things:list': 0\n", 1, "unquoted 0"),
    "empty list": ("'things:list': []\n", 1, "list"),
    "empty mapping": ("'things:list': {}\n", 1, "mapping"),
    "empty value": ("'things:list':\n", 1, "empty"),
    "empty string": ("'things:list': ''\n", 1, "empty"),
    "empty file": ("", 1, "holds no rules"),
    "broken": ("'things:list': 'role:x\n", 2, "no YAML"),
    "duplicate": ("'things:list': '!'\n'things:list': '@'\n", 2, "again"),
    "undefined": ("'things:list': 'rule:typo'\n", 1, "rule:typo, which is not defined"),
    "undefined under not": ("'things:list': 'not rule:typo'\n", 1, "rule:typo"),
    "circle": ("'x': 'rule:y'\n'y': 'rule:x'\n", 1, "refers to itself"),
    "circle through a default": ("'admin_api': 'rule:things:list'\n", 1, "refers to itself"),
    "TypeError": ("'things:list': 'project_id.x:y'\n", 1, "cannot be evaluated"),
    "ValueError": ("'things:list': 'project_id:%(x'\n", 1, "cannot be evaluated"),
    "SyntaxError": ("'things:list': \"'x:%(y)s\"\n", 1, "cannot be evaluated"),
    "unparsable": ("'things:list': 'not (role:x'\n", 1, "cannot be parsed"),
    "http": ("'things:list': 'http://localhost/'\n", 1, "remote server"),
    "https": ("'things:list': 'role:x or https://localhost/%(x)s'\n", 1, "remote server"),
    "misspelt": ("'things:lst': '!'\n", 1, "did you mean things:list?"),
    "misspelt, though used": ("'things:lst': '!'\n'things:list': 'rule:things:lst'\n", 1, "mean"),
    "misspelt, without prefix": ("'Admin_apy': '!'\n", 1, "did you mean admin_api?"),
    "default for everyone": ("'default': '@'\n", 1, "lets everyone do what no other rule"),
    "doubling": (
        "".join(f"'r{n}': 'rule:r{n + 1} or rule:r{n + 1}'\n" for n in range(30))
        + "'r30': 'role:x'\n'things:list': 'rule:r0'\n", 19, "checks",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "line", "text"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_hazard_is_refused_with_file_line_and_remedy(site, built, place, content, line, text):
    site.write(content if place == "file" else "{}")
    if place == "folder":
        site.add("50-more.yaml", content)
    path = site.file if place == "file" else site.folder / "50-more.yaml"
    with pytest.raises(PolicyError) as refusal:
        built()
    problem = refusal.value.found[0]
    assert (problem.file, problem.line) == (str(path), line)
    assert text in str(problem)
    assert refusal.value.problems[0].startswith(f"{path}:{line}: ")


def test_nothing_is_said_but_in_the_problems(site, built, caplog, recwarn):
    site.write("".join(content for content, _, text in REFUSED.values() if "YAML" not in text))
    with pytest.raises(PolicyError):
        built()
    assert caplog.records == []
    assert not [warning for warning in recwarn if "olicy" in str(warning.message)]


def test_all_problems_of_all_files_come_at_once(site, built):
    site.write("'things:list': no\n'things:shw': 'role:x'\n'things:show': 'rule:typo'\n")
    site.add("a.yaml", "'admin_api': 'rool'\n")
    (site.folder / "b.yaml").symlink_to("nowhere")
    with pytest.raises(PolicyError) as refusal:
        built()
    assert sorted((p.file.rpartition("/")[2], p.line) for p in refusal.value.found) == [
        ("a.yaml", 1), ("b.yaml", 0), ("policy.yaml", 1), ("policy.yaml", 2), ("policy.yaml", 3),
    ]  # fmt: skip


def test_the_defaults_alone_are_meant_by_an_empty_mapping(site, built):
    site.write("{}")
    snapshot = built()
    assert _may(snapshot, "things:list", "admin")
    assert _may(snapshot, "things:list", "member", project_id="p")
    assert not _may(snapshot, "things:list", "member", project_id="q")
    assert not _may(snapshot, "things:list", "reader")


COMMENTS = "# 'things:list': '!'\n"


@pytest.mark.parametrize("place", ["file", "folder"])
def test_comments_alone_mean_the_defaults_where_nothing_else_was_in_force(site, built, place):
    """As the generator of samples writes it."""
    site.write(COMMENTS if place == "file" else "{}")
    if place == "folder":
        site.add("50-more.yaml", COMMENTS)
    snapshot = built()
    assert _may(snapshot, "things:list", "admin")
    assert not _may(snapshot, "things:list", "reader")


@pytest.mark.parametrize("place", ["file", "folder"])
def test_comments_alone_do_not_take_the_place_of_rules_in_force(site, defaults, place):
    site.write(COMMENTS if place == "file" else "{}")
    if place == "folder":
        site.add("50-more.yaml", COMMENTS)
    settings = site.settings()
    path = str(site.file if place == "file" else site.folder / "50-more.yaml")
    with pytest.raises(PolicyError) as refusal:
        build(read(settings), settings, defaults, in_force={path})
    assert [(p.code, p.file, p.line) for p in refusal.value.found] == [("PP110", path, 1)]
    elsewhere = build(read(settings), settings, defaults, in_force={f"{path}.not"})
    assert _may(elsewhere, "things:list", "admin")


def test_a_helper_that_nothing_refers_to_does_nothing(site, built):
    site.write("'list': '@'\n")
    assert not _may(built(), "things:list", "reader")
    assert not _may(built(), "list", "admin")


def test_later_files_win_and_helpers_may_be_named_freely(site, built):
    site.write("'things:show': '@'\n'helper': 'role:helper'\n'default': '!'\n")
    site.add("20.yaml", "'things:show': 'rule:helper'\n")
    site.add("10.yaml", "'things:show': '!'\n")
    snapshot = built()
    assert _may(snapshot, "things:show", "helper")
    assert not _may(snapshot, "things:show", "reader")


def test_the_name_that_a_default_had_before_still_counts(site, built):
    site.write("'things:edit': 'role:painter'\n")
    snapshot = built()
    assert _may(snapshot, "things:update", "painter")
    assert not _may(snapshot, "things:update", "member")


def test_an_old_name_may_say_that_the_new_one_counts(site, built):
    site.write("'things:edit': 'rule:things:update'\n")
    assert _may(built(), "things:update", "member")


def test_a_circle_that_closes_only_in_the_default_that_was_renamed(site, built):
    site.write("'things:edit': 'rule:things:update or role:x'\n")
    with pytest.raises(PolicyError) as refusal:
        built()
    circle = "rule 'things:edit' refers to itself (things:update -> things:update)"
    assert refusal.value.problems == [f"{site.file}:1: {circle}: break the circle [PP123]"]


@pytest.mark.parametrize("new_only", [True, False])
def test_replaced_defaults_count_unless_new_defaults_are_enforced(site, built, new_only):
    site.write("{}")
    snapshot = built(enforce_new_defaults=new_only)
    assert _may(snapshot, "things:update", "member")
    assert _may(snapshot, "things:update", "editor") is not new_only


def test_no_default_rule_opens_what_is_not_registered(site, built):
    site.write("'default': 'role:admin'\n")
    assert not _may(built(), "things:unheard_of", "admin")


def test_what_is_in_force_reads_no_file(site, defaults, no_descriptors, caplog):
    caplog.set_level(logging.CRITICAL, "oslo_policy")
    site.write("'things:show': 'role:x'\n")
    settings = site.settings()
    sources = read(settings)
    site.write("'things:show': '@'\n")
    with no_descriptors():
        snapshot = build(sources, settings, defaults)
        assert _may(snapshot, "things:show", "x")
        assert not _may(snapshot, "things:show", "reader")
    site.file.unlink()
    assert not _may(snapshot, "things:show", "reader")
    assert snapshot.revision == sources.revision


def test_a_decision_asks_for_the_time_of_no_file(site, built, monkeypatch):
    site.write("'things:show': 'role:x'\n")
    snapshot = built()

    def asked(*_args, **_kwargs):
        raise AssertionError("a decision looked at the disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", asked)
        patch.setattr(os, "open", asked)
        allowed = _may(snapshot, "things:show", "x")
    assert allowed


def test_defaults_that_refer_to_nothing_are_a_problem_too(site):
    site.write("{}")
    settings = site.settings()
    with pytest.raises(PolicyError, match="default rules: rule 'a' refers to rule:b"):
        build(read(settings), settings, lambda: [policy.RuleDefault("a", "rule:b")])
