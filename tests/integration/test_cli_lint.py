"""`policy lint` as it is typed: what it says, in which form, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from click.testing import CliRunner
from jsonschema.validators import Draft7Validator

from docs_from_code import ROOT
from harness.command import invoked
from policy_proxy.cli import main
from policy_proxy.cli.policy.own import own
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.lint.codes import CODES

GOOD = '"admin_or_service_api": "role:boss"\n'
OPEN = '"placement:traits:list": "@"\n'
SLIP = '"placement:traits:lst": "role:x"\n'

TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "properties": {
        "id": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "defaultConfiguration": {
            "type": "object",
            "properties": {"level": LEVEL},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "type": "object",
            "required": ["uri"],
            "properties": {"uri": {"type": "string", "pattern": "^[!#$&-;=?-Z_a-z~%]+$"}},
            "additionalProperties": False,
        },
        "region": {
            "type": "object",
            "required": ["startLine"],
            "properties": {"startLine": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "level", "message", "locations"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": TEXT,
        "locations": {
            "type": "array",
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["physicalLocation"],
                "properties": {"physicalLocation": PLACE},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
# The part of SARIF 2.1.0 that is used, as strictly as its schema has it, and what GitHub requires:
# https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "pattern": "/sarif-schema-2.1.0.json$"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": RULE,
                                    },
                                },
                                "additionalProperties": False,
                            }
                        },
                        "additionalProperties": False,
                    },
                    "results": {"type": "array", "items": RESULT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Files beside each other in the current directory, as in a repository."""
    monkeypatch.chdir(tmp_path)

    def written(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return written


def lint(*arguments, exit_code):
    result = invoked("policy", "lint", *arguments)
    assert result.exit_code == exit_code, result.output
    assert result.stderr == "" or exit_code in (1, 2)
    return result


def findings(*arguments, exit_code):
    """Code, file and line of each, from the document."""
    answer = json.loads(lint(*arguments, "--format", "json", exit_code=exit_code).stdout)
    return [(one["code"], one["file"], one["line"]) for one in answer["findings"]]


def test_a_good_file_has_no_findings(here):
    here({"policy.yaml": GOOD})
    assert lint("policy.yaml", exit_code=0).stdout == "0 errors, 0 warnings\n"
    assert findings("policy.yaml", exit_code=0) == []
    assert lint("policy.yaml", "--format", "github", exit_code=0).stdout == ""


def test_an_error_is_exit_code_1_a_warning_is_not_unless_it_is_strict(here):
    here({"error.yaml": SLIP, "warning.yaml": OPEN, "good.yaml": GOOD})
    for form in ("table", "json", "github", "sarif"):
        lint("error.yaml", "--format", form, exit_code=1)
        lint("warning.yaml", "--format", form, exit_code=0)
        lint("warning.yaml", "--format", form, "--strict", exit_code=1)
        lint("good.yaml", "--format", form, "--strict", exit_code=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name policy files, or a configuration with --config-file"),
        (["nowhere.yaml"], "'nowhere.yaml' does not exist"),
        (["policy.yaml", "--format", "xml"], "'xml' is not one of 'table', 'json', 'github'"),
        (["policy.yaml", "--no-such-option"], "No such option"),
        (["--config-file", "nowhere.conf"], "'nowhere.conf' does not exist"),
        (["--config-file", "."], "is a directory"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, said, here):
    here({"policy.yaml": GOOD})
    assert said in " ".join(lint(*arguments, exit_code=2).stderr.split())


def test_the_table_names_file_line_level_code_rule_and_remedy_in_80_columns(here):
    long = '"placement:resource_providers:inventories:list": "rule:admin_or_service_apy"\n'
    here({"policy.yaml": SLIP + long + OPEN})
    shown = lint("policy.yaml", exit_code=1).stdout
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert [line.rstrip() for line in shown.splitlines()] == [
        "policy.yaml",
        "  1  error  PP121  rule 'placement:traits:lst' is no rule of the service: did",
        "                   you mean placement:traits:list?",
        "  2  error  PP122  rule 'placement:resource_providers:inventories:list' refers",
        "                   to rule:admin_or_service_apy, which is not defined: did you",
        "                   mean rule:admin_or_service_api?",
        "",
        "2 errors, 0 warnings",
    ]


def test_the_table_has_a_heading_for_each_file_and_a_dash_for_the_whole_of_one(here):
    here({"a.yaml": OPEN, "policy.d/10.txt": GOOD, "policy.d/20.yaml": SLIP})
    shown = lint("a.yaml", "policy.d", exit_code=1).stdout.splitlines()
    assert [line for line in shown if line and not line.startswith(" ")] == [
        "policy.d/10.txt", "policy.d/20.yaml", "1 error, 1 warning",
    ]  # fmt: skip
    assert any(re.match(r"  -  warning  PP208  is read as policy", line) for line in shown)


def test_a_terminal_gets_colours(here):
    here({"policy.yaml": SLIP + OPEN})
    runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "", "FORCE_COLOR": "1", "TERM": "xterm"})
    shown = runner.invoke(main, ["policy", "lint", "policy.yaml"], color=True).output
    assert "\x1b[31m" in shown


def test_the_document_has_every_field_of_a_finding(here):
    here({"policy.yaml": GOOD + OPEN + '"helper": "role:x"\n'})
    result = lint("policy.yaml", "--format", "json", exit_code=0)
    answer = json.loads(result.stdout)
    assert (answer["errors"], answer["warnings"]) == (0, 2)
    assert answer["findings"][0] == {
        "code": "PP203",
        "level": "warning",
        "file": "policy.yaml",
        "line": 2,
        "rule": "placement:traits:list",
        "text": "allows everyone who has a token",
        "remedy": 'name who may, as in "role:reader"',
    }


def commands(text):
    """GitHub's workflow commands, taken apart and unescaped as its runner does."""

    def plain(value, *, of_property):
        for escaped, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
            if of_property or escaped in ("%0D", "%0A"):
                value = value.replace(escaped, character)
        return value.replace("%25", "%")

    for line in text.splitlines():
        level, properties, message = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line).groups()
        pairs = (one.split("=", 1) for one in properties.split(","))
        named = {name: plain(value, of_property=True) for name, value in pairs}
        yield level, named, plain(message, of_property=False)


def test_github_shows_each_finding_in_place(here):
    here(
        {
            "policies/a, b:100%.yaml": GOOD + OPEN,
            "policy.d/10.txt": '"admin_or_service_api": "role:50%"\n',
        }
    )
    shown = lint("policies/a, b:100%.yaml", "policy.d", "--format", "github", exit_code=1).stdout
    found = list(commands(shown))
    # The directory lies over the file: with an error there, what the file means is not looked at.
    assert [(level, named["file"], named["line"]) for level, named, _ in found] == [
        ("warning", "policy.d/10.txt", "1"), ("error", "policy.d/10.txt", "1"),
    ]  # fmt: skip
    assert found[1][1]["title"] == "PP115 check fails when it is evaluated"
    assert "role:50%" in found[1][2]
    shown = lint("policies/a, b:100%.yaml", "--format", "github", exit_code=0).stdout
    ((level, named, message),) = commands(shown)
    assert (level, named["file"], named["line"]) == ("warning", "policies/a, b:100%.yaml", "2")
    assert message.startswith("rule 'placement:traits:list' allows everyone")


def test_what_a_file_holds_can_not_end_a_line_or_give_a_command(here):
    here({"policy.yaml": '"x\\n::error::y\\e[31m\\u202e": "role:x"\n"a%0Ab": "role:x\\r\\n::z"\n'})
    for form in ("table", "github"):
        shown = lint("policy.yaml", "--format", form, exit_code=1).stdout
        assert not re.search("[\x1b\r\u202e]", shown)
        assert not re.search("^::error::y|^::z", shown, re.MULTILINE)
    assert all(level in ("error", "warning") for level, _, _ in commands(shown))


def sarif(*arguments, exit_code):
    log = json.loads(lint(*arguments, "--format", "sarif", exit_code=exit_code).stdout)
    Draft7Validator(SARIF).validate(log)
    return log["runs"][0]


def test_sarif_has_the_required_structure_and_every_code(here):
    here({"policy.yaml": SLIP + '"helper": "role:x"\n', "policy.d/.a.yaml": GOOD})
    run = sarif("policy.yaml", "policy.d", exit_code=1)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("policy-proxy", version("policy-proxy"))
    assert [rule["id"] for rule in driver["rules"]] == list(CODES)
    for result in run["results"]:
        rule = driver["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]
    assert [(r["ruleId"], r["level"], *where(r)) for r in run["results"]] == [
        ("PP207", "warning", "policy.d/.a.yaml", 1),
        ("PP121", "error", "policy.yaml", 1),
        ("PP205", "warning", "policy.yaml", 2),
    ]
    said = "rule 'placement:traits:lst' is no rule of the service: did you mean "
    assert run["results"][1]["message"]["text"] == f"{said}placement:traits:list?"


def where(result):
    (location,) = result["locations"]
    place = location["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


def test_sarif_of_nothing_found_is_a_run_without_results(here):
    here({"policy.yaml": GOOD})
    assert sarif("policy.yaml", exit_code=0)["results"] == []


def test_files_have_paths_from_here_in_what_a_repository_reads(here):
    """A configuration gives absolute paths; a pull request knows those of the repository."""
    root = here({"etc/proxy.conf": "[oslo_policy]\npolicy_file = ../p/é b.yaml\n"})
    here({"p/é b.yaml": OPEN})
    (result,) = sarif("p/é b.yaml", exit_code=0)["results"]
    assert where(result) == ("p/%C3%A9%20b.yaml", 1)
    (result,) = sarif(root / "p" / "é b.yaml", exit_code=0)["results"]
    assert where(result) == ("p/%C3%A9%20b.yaml", 1)


def test_a_file_from_elsewhere_has_its_whole_path(here, tmp_path_factory):
    here({})
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "policy.yaml"
    elsewhere.write_text(OPEN)
    (result,) = sarif(elsewhere, exit_code=0)["results"]
    assert where(result) == (elsewhere.as_uri(), 1)


def test_a_name_that_is_no_text_is_shown_and_its_bytes_are_kept(here):
    root = here({"policy.yaml": GOOD})
    (root / "policy.d").mkdir()
    odd = os.fsdecode(b"policy.d/\xff\n.yaml")
    (root / odd).write_text('"service_api": no\n')
    for form in ("table", "json", "github"):
        assert "udcff" in lint("policy.d", "--format", form, exit_code=1).stdout
    (result,) = sarif("policy.d", exit_code=1)["results"]
    assert unquote_to_bytes(where(result)[0]) == os.fsencode(odd)


CONFIGURATION = """
[oslo_policy]
policy_file = policy.yaml
policy_dirs = policy.d
enforce_new_defaults = false

[policy]
allow_remote_checks = {remote}
"""


@pytest.mark.parametrize(("remote", "exit_code"), [("true", 0), ("false", 1)])
def test_the_policy_that_a_configuration_names_is_read_as_it_says(remote, exit_code, here):
    root = here(
        {
            "etc/proxy.conf": sample(CONFIGURATION.format(remote=remote)),
            "etc/policy.yaml": '"admin_or_service_api": "https://decider.example/"\n',
            "etc/policy.d/10.yaml": '"service_api": "role:service or role:admin"\n',
        }
    )
    found = findings("--config-file", "etc/proxy.conf", exit_code=exit_code)
    overridden = ("PP202", str(root / "etc/policy.d/10.yaml"), 1)
    refused = ("PP113", str(root / "etc/policy.yaml"), 1)
    assert found == ([overridden] if remote == "true" else [refused])
    options = ("--config-file", "etc/proxy.conf", "--enforce-new-defaults")
    assert overridden not in findings(*options, exit_code=exit_code)


def sample(sections):
    """The sample of a configuration, with sections of our own in place of the same ones."""
    text = (ROOT / "etc" / "policy-proxy.conf").read_text(encoding="utf-8")
    for name in ("oslo_policy", "policy"):
        text = re.sub(rf"^\[{name}\]\n(.*\n)*?(?=\[|\Z)", "", text, flags=re.MULTILINE)
    return text + sections


def test_files_may_be_named_besides_a_configuration(here):
    here({"etc/proxy.conf": sample(CONFIGURATION.format(remote="true")), "etc/policy.yaml": SLIP})
    here({"other.yaml": '"admin_or_service_api": "https://decider.example/"\n'})
    assert findings("--config-file", "etc/proxy.conf", "other.yaml", exit_code=0) == []
    assert findings("other.yaml", exit_code=1) == [("PP113", "other.yaml", 1)]


def test_a_configuration_that_cannot_be_read_is_told(here):
    here({"proxy.conf": "[policy]\nwatch_interval = soon\n"})
    result = lint("--config-file", "proxy.conf", exit_code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "watch_interval" in result.stderr


def test_a_configured_file_that_is_missing_is_an_error(here):
    root = here({"etc/proxy.conf": sample(CONFIGURATION.format(remote="false"))})
    found = findings("--config-file", root / "etc/proxy.conf", exit_code=1)
    assert found == [("PP101", str(root / "etc/policy.yaml"), 0)]


def test_each_file_is_a_policy_of_its_own(here):
    here(
        {
            "a.yaml": OPEN + '"mine": "role:x"\n',
            "b.yaml": OPEN + '"admin_or_service_api": "rule:mine"\n',
        }
    )
    assert findings("a.yaml", "b.yaml", exit_code=1) == [
        ("PP203", "a.yaml", 1), ("PP205", "a.yaml", 2), ("PP122", "b.yaml", 2),
    ]  # fmt: skip


def test_directories_lie_over_each_file(here):
    here(
        {
            "a.yaml": '"admin_or_service_api": "rule:mine"\n',
            "b.yaml": '"service_api": "rule:yours"\n',
            "one/10.yaml": '"mine": "role:x"\n',
            "two/10.yaml": '"mine": "role:y"\n',
        }
    )
    assert findings("a.yaml", "one", exit_code=0) == []
    assert findings("a.yaml", "one", "two", exit_code=0) == [("PP206", "two/10.yaml", 1)]
    assert findings("one", exit_code=0) == [("PP205", "one/10.yaml", 1)]
    assert findings("one", "a.yaml", "b.yaml", exit_code=1) == [
        ("PP122", "b.yaml", 1), ("PP205", "one/10.yaml", 1),
    ]  # fmt: skip


def test_what_two_policies_share_is_told_once(here):
    here({"a.yaml": GOOD, "b.yaml": GOOD, "policy.d/10.txt": '"service_api": no\n'})
    assert findings("a.yaml", "b.yaml", "policy.d", "a.yaml", exit_code=1) == [
        ("PP208", "policy.d/10.txt", 0), ("PP108", "policy.d/10.txt", 1),
    ]  # fmt: skip


def pipe(path):
    os.mkfifo(path)


def huge(path):
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)


@pytest.mark.parametrize("make", [pipe, huge])
@pytest.mark.parametrize("name", ["odd.yaml", "policy.d/odd.yaml"])
def test_a_file_that_cannot_be_read_is_an_error_and_the_others_are_read(make, name, here):
    root = here({"other.yaml": SLIP, "policy.d/10.yaml": "{}\n"})
    make(root / name)
    paths = ["odd.yaml"] if name == "odd.yaml" else ["other.yaml", "policy.d"]
    found = findings(*paths, exit_code=1)
    assert ("PP101", name, 0) in found
    assert len(found) == len(paths)
    assert "cannot be read" in " ".join(lint(*paths, exit_code=1).stdout.split())


def test_a_file_without_permission_is_an_error(here):
    """By another user, since whoever runs the tests may be root; all modules are loaded before."""
    root = here({"policy.yaml": GOOD, "other.yaml": SLIP})
    (root / "policy.yaml").chmod(0)
    code = (
        "import os, sys; from click.testing import CliRunner; from policy_proxy.cli import main;"
        "os.chdir(sys.argv[1]); CliRunner().invoke(main, ['policy', 'lint', 'other.yaml']);"
        "os.getuid() or os.setuid(65534); main(['policy', 'lint', 'policy.yaml'])"
    )
    root.chmod(0o755)
    ended = run(sys.executable, "-c", code, str(root))
    assert ended.returncode == 1, ended.stderr
    assert "cannot be read (Permission denied)" in " ".join(ended.stdout.split())


def run(*command, **environment):
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


def test_the_installed_command_ends_with_these_codes_and_says_nothing_else(here):
    here({"good.yaml": GOOD, "open.yaml": OPEN, "old.yaml": '"rule:admin_api": "role:"\n'})
    command = (str(Path(sys.executable).with_name("policy-proxy")), "policy", "lint")
    for arguments, code in (
        (["good.yaml"], 0),
        (["open.yaml"], 0),
        (["open.yaml", "--strict"], 1),
        (["old.yaml"], 1),
    ):
        ended = run(*command, *arguments, LANG="C", COLUMNS="80")
        assert ended.returncode == code, ended
        assert re.fullmatch(r"\d errors?, \d warnings?", ended.stdout.splitlines()[-1])
        assert ended.stderr == ""
    assert run(*command, LANG="C").returncode == 2


def test_the_files_that_are_delivered_pass():
    paths = sorted((ROOT / "policies").glob("*.yaml"))
    shown = lint(*paths, "--strict", exit_code=0).stdout
    assert shown == "0 errors, 0 warnings\n"


def test_what_is_the_callers_own_is_found_to_be_no_condition(here):
    here(
        {
            "policy.yaml": '"placement:traits:list": "project_id:%(project_id)s"\n'
            '"placement:traits:delete": "role:x and not user_id:%(user_id)s"\n'
            '"placement:traits:show": "role:x and user_id:%(user_id)s"\n'
            '"placement:usages": "project_id:%(project_id)s"\n'
            '"placement:allocations:update": "project_id:%(project_id)s"\n'
        }
    )
    assert findings("policy.yaml", exit_code=0) == [
        ("PP203", "policy.yaml", 1), ("PP204", "policy.yaml", 2),
    ]  # fmt: skip


def test_the_callers_own_is_what_a_target_has_of_the_caller():
    """Of all requests, but those that name an owner themselves."""
    names_an_owner = {
        "placement:usages", "placement:allocations:update", "placement:allocations:manage",
        "placement:reshaper:reshape",
    }  # fmt: skip
    both = frozenset({"project_id", "user_id"})
    assert own() == {
        operation.rule: frozenset() if operation.rule in names_an_owner else both
        for operation in SERVICE.operations
        if not operation.public
    }
