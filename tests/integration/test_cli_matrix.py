"""`policy matrix` as it is typed; its page is in test_matrix_page.py."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess

import pytest

from harness.command import invoked, refusal
from policy_proxy.placement.operations import OPERATIONS

LIST = "placement:traits:list"
READERS = f'"{LIST}": "rule:admin_or_service_api or role:reader"\n'
AUDITORS = f'"{LIST}": "role:auditor and (project_id:ops or project_id:audit)"\n'
OPEN = f'"{LIST}": "@"\n'


def run(*arguments, columns=80):
    return invoked("policy", "matrix", *arguments, columns=columns)


def shown(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*arguments):
    return json.loads(shown(*arguments, "--format", "json"))


def cells(answer, rule=LIST):
    """The cells of a rule, each by its scopes and its roles."""
    (found,) = (one["cells"] for one in answer["operations"] if one["rule"] == rule)
    columns = [(*column["scopes"], *column["roles"]) for column in answer["columns"]]
    return dict(zip(columns, found, strict=True))


def refused(*arguments, exit_code=2):
    return refusal(run(*arguments), exit_code)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes policy files of the current directory."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content)

    return write


def test_the_defaults_are_shown_without_a_file():
    answer = document()

    assert answer == document("defaults")
    assert answer["policies"][0]["name"] == "defaults"
    assert [one["rule"] for one in answer["operations"]] == list(
        dict.fromkeys(operation.rule for operation in OPERATIONS if operation.rule)
    )
    effects = {column: cell["effect"] for column, cell in cells(answer, "placement:usages").items()}
    assert effects == {
        ("project", "admin"): "allowed",
        ("project", "service"): "allowed",
        ("project", "reader"): "depends",
        ("project",): "denied",
    }


def test_a_cell_says_on_what_it_depends_and_shows_both(written):
    written(policy=AUDITORS)

    cell = cells(document("policy.yaml"))["project", "auditor"]

    assert cell["effect"] == "depends"
    assert sorted(cell["conditions"]) == ["whose project_id is audit", "whose project_id is ops"]
    allowed, denied = (example["identity"] for example in cell["examples"])
    assert allowed["project_id"] in {"ops", "audit"}
    assert denied["project_id"] == "project-1"
    assert allowed["roles"] == denied["roles"] == ["auditor"]


def test_a_row_names_its_operations_and_its_check(written):
    written(policy=READERS)

    (row,) = (one for one in document("policy.yaml")["operations"] if one["rule"] == LIST)

    assert row["operations"] == ["GET /traits"]
    assert row["checks"] == ["role:admin or role:service or role:reader"]
    assert row["description"] == "List traits."


def test_two_policies(written):
    written(old=READERS, new=AUDITORS)

    found = cells(document("old.yaml", "new.yaml"))

    assert found["project", "reader"]["change"] == "lost"
    assert found["project", "auditor"]["change"] == "gained"
    assert found["project", "auditor"]["old"]["effect"] == "denied"
    assert found["project", "auditor"]["new"]["effect"] == "depends"
    assert found["project",]["change"] == "unchanged"


def test_only_what_changed(written):
    written(old=READERS, new=AUDITORS)

    answer = document("old.yaml", "new.yaml", "--changed")

    assert [one["rule"] for one in answer["operations"]] == [LIST]


def test_that_nothing_changed_is_said(written):
    written(old=READERS, new=READERS)

    assert "No operation differs." in shown("old.yaml", "new.yaml", "--changed").splitlines()


def test_as_it_was_at_a_revision_and_as_it_is(written, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    written(policy=READERS)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        names = ["-c", "user.name=n", "-c", "user.email=e@example"]
        subprocess.run(["git", *names, *command], cwd=tmp_path, check=True)
    written(policy=AUDITORS)

    answer = document("policy.yaml", "--git", "HEAD")

    assert [one["name"] for one in answer["policies"]] == ["HEAD:policy.yaml", "policy.yaml"]
    assert cells(answer)["project", "reader"]["change"] == "lost"


def test_the_policy_of_a_configuration(written, tmp_path):
    written(policy=AUDITORS)
    (tmp_path / "proxy.conf").write_text(
        f"[oslo_policy]\npolicy_file = {tmp_path}/policy.yaml\n[backend]\nurl = http://127.0.0.1\n"
        "[audit]\nfile =\n"
    )

    answer = document("--config-file", "proxy.conf")

    assert answer["policies"][0]["name"] == "proxy.conf"
    assert ("project", "auditor") in cells(answer)


def test_a_token_without_a_scope_is_told_of_where_it_may_do_something(written):
    written(policy=OPEN)

    answer = document("policy.yaml")

    assert cells(answer)["",]["effect"] == "allowed"
    assert answer["shut"] == ["domain", "system"]
    assert "no scope" in shown("policy.yaml")


def test_a_table_has_a_line_for_each_rule_and_notes(written):
    written(old=READERS, new=AUDITORS)

    lines = shown("old.yaml", "new.yaml", "--changed").splitlines()

    assert lines[0] == "From old.yaml to new.yaml"
    assert lines[2].split() == ["token", "for", "project"]
    assert lines[3].split()[0] == "role"
    assert lines[4].startswith("traits:list ")
    assert "- yes → no" in lines[4]
    assert "+ no → if 1" in lines[4]
    assert lines[6] == "if 1  whose project_id is audit, or whose project_id is ops"
    assert any(line.startswith("Open to everyone, without a token: GET /") for line in lines)


def test_a_table_is_never_cut(written):
    roles = [f"a_long_name_of_a_role_{number}" for number in range(20)]
    written(policy=f'"{LIST}": "{" or ".join(f"role:{role}" for role in roles)}"\n')

    text = shown("policy.yaml")

    assert all(role in text for role in roles)
    assert "…" not in text


def test_csv_can_be_read(written):
    written(old=READERS, new=AUDITORS)

    head, *lines = csv.reader(io.StringIO(shown("old.yaml", "new.yaml", "--format", "csv")))

    (line,) = (dict(zip(head, line, strict=True)) for line in lines if line[0] == LIST)
    assert line["operations"] == "GET /traits"
    assert line["project: reader"] == "lost: allowed -> denied"
    assert line["project: auditor"].startswith("gained: denied -> depends (whose project_id is ")
    assert line["project: any other"] == "denied"


def test_markdown_is_a_table(written):
    written(old=READERS, new='"placement:traits:list": "role:a|b_c"\n')

    lines = shown("old.yaml", "new.yaml", "--format", "markdown", "--changed").splitlines()

    assert lines[0] == "**old.yaml → new.yaml**"
    head, rule, line = lines[2:5]
    assert r"a\|b\_c (project)" in head
    assert len({text.replace(r"\|", "").count("|") for text in (head, rule, line)}) == 1
    assert f"`{LIST}`" in line
    assert "**yes → no** lost" in line
    assert "**no → yes** gained" in line


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "html"])
def test_it_is_written_to_a_file(written, tmp_path, form):
    written(policy=READERS)

    assert shown("policy.yaml", "--format", form, "--output", "out") == ""
    assert (tmp_path / "out").read_text() == shown("policy.yaml", "--format", form)


def test_a_policy_that_is_not_good_is_not_shown(written):
    written(policy='"placement:traits:list": "rule:nowhere"\n')

    assert "rule:nowhere, which is not defined" in refused("policy.yaml", exit_code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "b", "c"], "name FILE, or FILE and OTHER, or FILE with --git"),
        (["--git", "HEAD"], "name FILE, or FILE and OTHER, or FILE with --git"),
        (["a", "b", "--git", "HEAD"], "name FILE, or FILE and OTHER, or FILE with --git"),
        (["defaults", "--changed"], "--changed is for two policies"),
        (["nowhere.yaml"], "nowhere.yaml does not exist"),
        (["defaults", "--git", "..HEAD"], "--git takes REV or REV..REV"),
        (["defaults", "--output", "nowhere/x"], "nowhere/x cannot be written (No such file"),
    ],
)
def test_wrong_usage(arguments, said):
    assert said in refused(*arguments)
