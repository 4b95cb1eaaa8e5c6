"""Several files together, those that an operator would start from, and very large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs_from_code import ROOT
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.lint.findings import Service, lint
from policy_proxy.policy.problem import Level
from policy_proxy.policy.source import MAX_BYTES, Sources, read

# What is found in the files that are delivered: a warning only where one is meant.
SHIPPED = {
    "placement.yaml": [],
    "read-only-monitoring.yaml": [],
    "service-accounts.yaml": [],
    "strict-writes.yaml": [],
}


def test_every_file_that_is_delivered_is_here():
    assert sorted(path.name for path in (ROOT / "policies").glob("*.*")) == sorted(SHIPPED)


@pytest.mark.parametrize("new_only", [True, False])
@pytest.mark.parametrize("name", SHIPPED)
def test_the_files_that_are_delivered_have_no_errors(name, new_only, linted):
    text = (ROOT / "policies" / name).read_text(encoding="utf-8")
    found = linted(text, enforce_new_defaults=new_only)
    assert found.snapshot is not None
    lines = text.splitlines()
    assert [(p.code, lines[p.line - 1]) for p in found.problems] == SHIPPED[name]


def test_the_sample_of_all_rules_means_the_defaults_and_its_rules_can_be_uncommented(linted):
    text = (ROOT / "policies" / "placement.yaml").read_text(encoding="utf-8")
    uncommented = text.replace('\n#"', '\n"').replace("\n{}\n", "\n")
    found = linted(uncommented)
    assert found.snapshot is not None
    equal = [problem.rule for problem in found.problems if problem.code == "PP202"]
    others = [(p.code, p.rule) for p in found.problems if p.code != "PP202"]
    assert len(equal) == len(found.snapshot.origins) == len(found.snapshot.scopes)
    assert others == [("PP205", "admin_api")]  # which no other default refers to


def test_a_directory_may_override_the_policy_file_but_not_itself(lint_files, relative):
    files = {
        "policy.yaml": '"admin_or_service_api": "role:boss"\n"service_api": "role:robot"\n',
        "policy.d/10.yaml": '"admin_or_service_api": "role:chief"\n',
        "policy.d/20.yaml": '"service_api": "role:m"\n\n"admin_or_service_api": "role:king"\n',
        "policy.d/30.yaml": '"admin_or_service_api": "role:emperor"\n',
    }
    found = lint_files(files)
    assert [(p.code, relative(p), p.line, p.rule) for p in found] == [
        ("PP206", "policy.d/20.yaml", 3, "admin_or_service_api"),
        ("PP206", "policy.d/30.yaml", 1, "admin_or_service_api"),
    ]
    assert [problem.text.rpartition("/")[2] for problem in found] == ["10.yaml:1", "20.yaml:3"]


@pytest.mark.parametrize(
    ("text", "codes"), [("role:boss", []), ("role:service", ["PP202"]), ("role:", ["PP125"])]
)
def test_a_directory_named_twice_overrides_nothing(text, codes, site, policy_settings):
    site.add("10.yaml", f'"service_api": "{text}"\n')
    site.write("{}\n")
    folders = (str(site.folder), f"{site.folder}/")
    settings = policy_settings(file=str(site.file), dirs=folders)
    found = lint(read(settings), settings, Service(SERVICE.defaults, {})).problems
    assert [problem.code for problem in found] == codes


def test_what_is_overridden_is_not_in_force_and_not_looked_at_for_its_meaning(lint_files):
    files = {
        "policy.yaml": '"admin_or_service_api": "@"\n',
        "policy.d/10.yaml": '"admin_or_service_api": "role:boss"\n',
    }
    assert lint_files(files) == ()


def test_what_is_overridden_must_still_be_understood(lint_files, relative):
    files = {
        "policy.yaml": '"admin_or_service_api": "role:x and"\n',
        "policy.d/10.yaml": '"admin_or_service_api": "role:boss"\n',
    }
    assert [(p.code, relative(p)) for p in lint_files(files)] == [("PP111", "policy.yaml")]


def test_findings_come_file_by_file_in_the_order_in_which_they_are_read(lint_files, relative):
    files = {
        "policy.yaml": '"c": "role:x"\n"a": !\n\n"b": "role:"\n',
        "policy.d/2.yaml": '"x": "role:x"\n',
        "policy.d/10.yaml": '"service_api": no\n"admin_or_service_api": 1\n',
        "policy.d/.hidden.yaml": "{}\n",
    }
    assert [(relative(p), p.line) for p in lint_files(files)] == [
        ("policy.d/.hidden.yaml", 0),
        ("policy.yaml", 1), ("policy.yaml", 2), ("policy.yaml", 2), ("policy.yaml", 4),
        ("policy.yaml", 4),
        ("policy.d/10.yaml", 1), ("policy.d/10.yaml", 2),
        ("policy.d/2.yaml", 1),
    ]  # fmt: skip


def test_a_directory_without_a_policy_file(site, lint_files):
    site.add("10.yaml", '"admin_or_service_api": "role:boss"\n')
    assert lint_files({}, require_file=False) == ()
    assert [problem.code for problem in lint_files({})] == ["PP101"]


def test_one_unreadable_file_leaves_the_others_looked_at(site, lint_files):
    site.write('"placement:traits:lst": "role:x"\n')
    site.folder.mkdir()
    (site.folder / "10.yaml").symlink_to("nowhere")
    (site.folder / "20.yaml").write_text('"admin_or_service_api": no\n')
    site.folder.joinpath("30.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert sorted(problem.code for problem in lint_files({})) == [
        "PP101", "PP101", "PP108", "PP121",
    ]  # fmt: skip


def test_ten_thousand_rules_are_read_and_each_finding_is_told(told):
    helpers = "".join(f'"helper{n}": "role:r{n} or rule:base"\n' for n in range(10_000))
    used = " or ".join(f"rule:helper{n}" for n in range(1000))
    text = f'{helpers}"base": "role:base"\n"placement:traits:list": "{used}"\n'
    assert told(text) == [("PP205", line) for line in range(1001, 10_001)]
    assert told(text + '"admin_or_service_api": !\n') == [
        *(("PP205", line) for line in range(1001, 10_001)), ("PP108", 10_003),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "code"),
    [("placement:x{}: role:y", "PP121"), ("placement:usages{}: rule:y", "PP121"),
     ("a{0}: rule:a{0}x or rule:b{0}x", "PP122"), ("a{}: not", "PP111"), ("a{}: no", "PP108"),
     ("admin_or_service_api: role:x{}", "PP109")],
)  # fmt: skip
def test_ten_thousand_mistakes_are_told(rule, code, told):
    found = [line for found, line in told("".join(f"{rule.format(n)}\n" for n in range(10_000)))
             if found == code]  # fmt: skip
    assert sorted({*found}) == list(range(2 if code == "PP109" else 1, 10_001))


@pytest.mark.parametrize("depth", [101, 3000, 100_000])
def test_checks_within_checks_end_in_an_error(depth, told_of):
    for text in ("not " * depth + "role:x", "(" * depth + "role:x" + ")" * depth):
        codes = told_of(text, "admin_or_service_api")
        assert codes == (["PP112"] if text.startswith("not") else [])


@pytest.mark.parametrize(
    "kind",
    ["-" * 100_000 + "1", "1+" * 100_000 + "1", "9" * 10_000, "0x" + "f" * 10_000, "[" * 10_000,
     "a." * 100_000 + "b", "'" * 10_001],
)  # fmt: skip
def test_a_left_side_that_no_parser_can_take_ends_in_an_error(kind, told_of):
    assert told_of(f"{kind}:x", "admin_or_service_api") in (["PP115"], ["PP116"])


def test_nothing_is_printed_or_logged(linted, caplog, recwarn, capfd):
    circle = '"rule:admin_api": "rule:service_api or role:x"\n'
    for text in (
        '"admin_or_service_api": "not (role:x"\n',
        '"rule:admin_api": "role:x"\n',
        "{",
        circle,
    ):
        linted(text)
    assert caplog.records == []
    assert recwarn.list == []
    assert capfd.readouterr() == ("", "")


def test_every_finding_has_a_level_from_its_code(lint_files):
    found = lint_files({"policy.yaml": '"placement:x": "role:x"\n"helper": "role:x"\n'})
    assert [problem.level for problem in found] == [Level.ERROR, Level.WARNING]


def test_the_files_are_named_as_they_were_given(policy_settings, linted):
    name = "some where/política.yaml"
    sources = Sources(((name, b'"admin_or_service_api": no\n'),), (), "r", ())
    service = Service(list, {})
    (problem,) = lint(sources, policy_settings(file=name), service).problems[:1]
    assert problem.file == name
    assert Path(problem.place.rpartition(":")[0]) == Path(name)


@pytest.mark.parametrize("ending", ["yaml.rpmsave", "yaml~", "yaml.bak"])
def test_a_policy_file_with_the_name_of_a_backup_is_a_warning(ending, tmp_path, policy_settings):
    path = tmp_path / f"policy.{ending}"
    path.write_text('"service_api": "role:x"\n')
    settings = policy_settings(file=str(path), dirs=())
    found = lint(read(settings), settings, Service(SERVICE.defaults, {})).problems
    assert [(problem.code, problem.file) for problem in found] == [("PP208", str(path))]
