"""`policy test` as it is typed, and pytest on the same files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.command import invoked
from policy_proxy.policy.cases.case import ENDING

ROOT = Path(__file__).parents[2]
POLICY = """\
"cloud_reader": "role:reader and project_id:ops"
"placement:traits:list": "rule:admin_or_service_api or rule:cloud_reader"
"placement:resource_providers:delete": "role:admin and not role:reader"
"""
CASES = """\
identities:
  reader: {roles: [reader], project: ops}
cases:
  - name: a reader of ops lists traits
    operation: traits:list
    identity: reader
    expect: allow
    decided_by: project_id:ops
  - name: a reader of ops <deletes> & "quotes"
    request: DELETE /resource_providers/6c1b8ea4-3d41-4a8f-9b6e-0e7d5e6a1b2c
    identity: {like: reader, roles: [reader, admin]}
    expect: deny
"""
WRONG = CASES.replace("expect: deny", "expect: allow")
CASE = "- {operation: traits:list, identity: {}, expect: deny}"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A policy, and its cases beside it; the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / f"policy{ENDING}").write_text(CASES)
    return tmp_path


def run(*arguments):
    return invoked("policy", "test", *arguments)


def document(*arguments, exit_code=0):
    result = run(*arguments, "--format", "json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)["policies"]


def refused(*arguments, exit_code=1):
    """What is said on stderr."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    return result.stderr


@pytest.mark.parametrize("path", [".", f"policy{ENDING}"])
@pytest.mark.usefixtures("site")
def test_cases_that_pass(path):
    result = run(path)

    assert (result.exit_code, result.output) == (0, "policy.yaml: 2 passed\n")


def test_a_failure_is_explained(site):
    (site / f"policy{ENDING}").write_text(WRONG)

    result = run(".")

    assert result.exit_code == 1
    assert result.output.startswith(
        f'FAILED  policy{ENDING}:9\n  a reader of ops <deletes> & "quotes"\n'
        "  allow is expected, but the policy denies\n\n  Denied.\n"
    )
    assert "\n  no  rule:placement:resource_providers:delete = all of  [policy.yaml:3]\n" in (
        result.output
    )
    assert result.output.endswith("\npolicy.yaml: 1 passed, 1 failed\n")


@pytest.mark.parametrize(
    ("identity", "wanted", "others"),
    [
        (
            "{roles: [admin, reader], project: ops}",
            "rule:cloud_reader",
            "role:admin, rule:admin_or",
        ),
        ("{roles: [admin], system: true}", "role:admin", "scope"),
        ("{roles: [x], project: ops}", "role:admins", "role:admin, role:reader, role:service, "),
    ],
)
def test_another_check_decides(site, identity, wanted, others):
    expect = "deny" if "admins" in wanted or "system" in identity else "allow"
    (site / f"policy{ENDING}").write_text(
        f"cases: [{{operation: traits:list, identity: {identity}, "
        f"expect: {expect}, decided_by: {wanted}}}]"
    )

    (policy,) = document(".", exit_code=1)

    assert policy["cases"][0]["failure"].startswith(
        f"{wanted} is expected to decide, but what decides is {others}"
    )


def test_scope_can_be_what_must_decide(site):
    (site / f"policy{ENDING}").write_text(
        "cases: [{operation: traits:list, identity: {roles: [admin], system: true}, "
        "expect: deny, decided_by: scope}]"
    )

    assert run(".").exit_code == 0


def test_only_some_failures_are_explained_in_a_terminal(site):
    cases = "\n".join([CASE.replace("deny", "allow")] * 30)
    (site / f"policy{ENDING}").write_text(f"cases:\n{cases}")

    output = run(".").output

    assert output.count("FAILED") == 30
    assert output.count("Denied.") == 20


def test_a_body_gives_the_target(site):
    (site / "policy.yaml").write_text(
        '"placement:allocations:update": "project_id:%(project_id)s and user_id:%(user_id)s"'
    )
    (site / f"policy{ENDING}").write_text(
        """
cases:
  - request: PUT /allocations/6c1b8ea4-3d41-4a8f-9b6e-0e7d5e6a1b2c
    body: {project_id: "${project}", user_id: u, allocations: {}}
    identity: {project: p, user: u}
    expect: ${expect}
    parameters: [{project: p, expect: allow}, {project: q, expect: deny}]
"""
    )

    assert run(".").output == "policy.yaml: 2 passed\n"


def test_what_is_missing_can_be_pasted(site):
    """The proposed cases pass as they are, and then nothing is missing."""
    result = run(".", "--missing")
    assert result.exit_code == 0
    assert "\nNo case asks for\n  placement:resource_providers:list\n" in result.output
    assert "\n\nplacement:traits:list  [policy.yaml:2]\n  never denied\n" in result.output

    pasted = result.output[result.output.index("# Would show") :]
    (site / f"more{ENDING}").write_text(f"policy: policy.yaml\n{pasted}")

    (policy,) = document(".", "--coverage")
    assert policy["failed"] == 0
    assert policy["coverage"]["percent"] == 100
    assert policy["coverage"]["missing"] == []


def test_the_first_cases_for_a_policy(site):
    """There are none yet, and all are proposed."""
    result = run("--policy", "policy.yaml", "--missing")
    assert result.output.startswith("policy.yaml: 0 passed\n\nCoverage of policy.yaml: 0 % (0 of")

    pasted = result.output[result.output.index("# Would show") :]
    (site / f"policy{ENDING}").write_text(pasted)

    assert run(".", "--fail-under", 100).exit_code == 0


def test_what_cannot_be_is_not_missing(site):
    (site / "policy.yaml").write_text('"placement:traits:list": "role:b or role:a and not role:a"')
    (site / f"policy{ENDING}").write_text(f"cases: [{CASE.removeprefix('- ')}]")

    (policy,) = document(".", "--missing")

    impossible = policy["coverage"]["impossible"]
    assert {(one["rule"], one["check"], one["never"]) for one in impossible} == {
        ("placement:traits:list", "role:a and not role:a", "true"),
        ("placement:traits:list", "not role:a", "true"),
        ("placement:traits:list", "role:a", "false"),  # the second: the first was true before it
    }
    assert ("role:a", "true") in [
        (one["check"], one["never"]) for one in policy["coverage"]["missing"]
    ]


@pytest.mark.parametrize(("percent", "exit_code"), [(0, 0), (8.8, 0), (8.83, 1), (100, 1)])
@pytest.mark.usefixtures("site")
def test_fail_under(percent, exit_code):
    """15 of 170 are seen, which is 8.82 %."""
    (policy,) = document(".", "--fail-under", percent, exit_code=exit_code)

    assert policy["coverage"]["percent"] == 8.8


def test_the_document(site):
    (site / f"policy{ENDING}").write_text(WRONG)

    (policy,) = document(".", exit_code=1)

    assert {name: policy[name] for name in ("policy", "passed", "failed", "coverage")} == {
        "policy": "policy.yaml",
        "passed": 1,
        "failed": 1,
        "coverage": None,
    }
    good, bad = policy["cases"]
    assert (good["failure"], good["explanation"]) == ("", None)
    assert bad["line"] == 9
    assert bad["rule"] == "placement:resource_providers:delete"
    assert (bad["expect"], bad["allowed"]) == ("allow", False)
    assert bad["explanation"]["enough"]["sets"] == [["without role:reader"]]


def test_junit(site):
    """Also for what XML cannot hold."""
    (site / f"policy{ENDING}").write_text(
        WRONG.replace("name: a reader of ops l", 'name: "\\x01l').replace(
            "lists traits", 'lists traits"'
        )
    )

    assert run(".", "--junit", "report.xml").exit_code == 1

    root = ET.parse(site / "report.xml").getroot()
    assert root.attrib == {"tests": "2", "failures": "1", "errors": "0"}
    good, bad = root.findall(f"./testsuite[@name='policy{ENDING}']/testcase")
    assert good.get("name") == "\\x01lists traits"
    assert (bad.get("name"), bad.get("line")) == ('a reader of ops <deletes> & "quotes"', "9")
    assert bad.find("failure").get("message") == "allow is expected, but the policy denies"
    assert "without role:reader" in bad.find("failure").text


class Page(HTMLParser):
    """The page: its tags, whether they are closed, and the text in it."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_loads_nothing_and_says_all(site):
    (site / f"policy{ENDING}").write_text(WRONG)

    assert run(".", "--html", "report.html").exit_code == 1

    page = Page((site / "report.html").read_text())
    said = " ".join("".join(page.words).split())
    assert (page.open, page.links) == ([], [])
    assert 'a reader of ops <deletes> & "quotes"' in said
    assert "without role:reader" in said
    assert re.search(r"placement:resource_providers:delete\s*✗ never\s*✓ seen", said)
    assert "role:reader and project_id:ops" in said


@pytest.mark.usefixtures("site")
def test_the_schema_is_printed():
    assert (
        run("--schema").output
        == (ROOT / "policy_proxy" / "policy" / "cases" / "schema.json").read_text()
    )


def test_another_policy_is_tested_instead(site):
    (site / "new.yaml").write_text(POLICY.replace("project_id:ops", "project_id:audit"))

    (policy,) = document(".", "--policy", "new.yaml", exit_code=1)

    assert (policy["policy"], policy["failed"]) == ("new.yaml", 1)


def test_files_about_one_policy_are_taken_together(site):
    (site / "tests").mkdir()
    (site / "tests" / f"policy{ENDING}").write_text(f"cases:\n{CASE}")
    (site / "tests" / f"other{ENDING}").write_text(f"policy: [../policy.yaml]\ncases:\n{CASE}")

    assert run(".", "tests").output == "policy.yaml: 4 passed\n"


def test_what_the_configuration_says_of_policy_counts(site):
    """With the older defaults an administrator may reshape."""
    (site / f"policy{ENDING}").write_text(
        "cases: [{operation: reshaper:reshape, identity: {roles: [admin], project: p}, "
        "expect: allow}]"
    )

    assert run(".").exit_code == 1
    assert run(".", "--no-enforce-new-defaults").exit_code == 0


REMOTE = """
cases:
  - operation: traits:list
    identity: {roles: [reader], project: p}
    answers: {"https://127.0.0.1:9/may": "${says}"}
    expect: ${expect}
    decided_by: https://127.0.0.1:9/may
    parameters: [{says: true, expect: allow}, {says: false, expect: deny}]
  - name: nobody is asked
    operation: traits:list
    identity: {roles: [reader], project: p}
    expect: deny
"""


def test_a_case_says_what_a_remote_server_answers(site):
    (site / "policy.yaml").write_text('"placement:traits:list": "https://127.0.0.1:9/may"')
    (site / f"policy{ENDING}").write_text(REMOTE)
    (site / "proxy.conf").write_text("[policy]\nallow_remote_checks = true\n")

    assert "allow_remote_checks" in refused(".")
    assert run(".", "--config-file", "proxy.conf").output == "policy.yaml: 3 passed\n"


BAD_CASES = [
    ("{operation: traits:lst, identity: {}, expect: deny}", "did you mean placement:traits:list?"),
    (
        "{operation: cloud_reader, identity: {}, expect: deny}",
        "cloud_reader decides no operation: ",
    ),
    ("{request: GET /trait, identity: {}, expect: deny}", "the proxy answers 404 Not Found"),
    (
        "{request: GET /, identity: {}, expect: allow}",
        "GET / is open to everyone: no rule decides it",
    ),
    ("{request: GET /traits, body: {}, identity: {}, expect: deny}", "GET /traits takes no body"),
    ("{request: PUT /allocations/x, identity: {}, expect: deny}", "policy is not asked: the proxy"),
    ("{operation: traits:list, body: {}, identity: {}, expect: deny}", "a body comes with an op"),
    (
        "{operation: traits:list, target: {a: b}, identity: {}, expect: deny}",
        "never has the attrib",
    ),
    (
        "{operation: traits:list, target: {project_id: b}, identity: {}, expect: deny}",
        "is always the",
    ),
    ("{operation: x, identity: {}, expect: maybe}", 'expect is "maybe": write allow or deny'),
]


@pytest.mark.parametrize(("case", "said"), BAD_CASES, ids=range(len(BAD_CASES)))
def test_a_case_that_cannot_be_asked(site, case, said):
    (site / f"policy{ENDING}").write_text(f"cases:\n- {case}\n")

    error = refused(".")

    assert error.startswith(f"error: policy{ENDING}:2: ")
    assert said in error


def test_all_bad_files_are_told(site):
    (site / f"policy{ENDING}").write_text("cases: 1")
    (site / f"other{ENDING}").write_text(f"cases:\n{CASE}")
    (site / f"third{ENDING}").write_text(f"policy: nowhere.yaml\ncases:\n{CASE}")

    first, second, third = refused(".").splitlines()

    assert first.startswith(f"error: other{ENDING}:1: does not say which policy it is about, and ")
    assert first.endswith("no other.yaml here or above: add a line such as policy: ../policy.yaml")
    assert second == f"error: policy{ENDING}:1: cases is 1: write a list of cases"
    assert third.startswith(f"error: third{ENDING}:1: policy names nowhere.yaml, which does not")


def test_a_bad_policy_is_not_tested(site):
    (site / "policy.yaml").write_text('"placement:traits:list": "role:admin,"')

    assert "policy.yaml:1: rule 'placement:traits:list'" in refused(".")


def test_wrong_usage(site):
    (site / "empty").mkdir()

    assert "name files of cases, directories with them, or a --policy" in refused(exit_code=2)
    assert "policy.yaml is no file of cases: their names" in refused("policy.yaml", exit_code=2)
    assert f"empty holds no cases: their names end in {ENDING}" in refused("empty", exit_code=2)
    assert "'nowhere' does not exist" in refused("nowhere", exit_code=2)
    assert "cannot be written" in refused(".", "--junit", "nowhere/x.xml", exit_code=2)
    assert "nan is no number" in refused(".", "--fail-under", "nan", exit_code=2)


def test_a_file_that_was_meant_to_be_run_is_not_passed_over(site):
    (site / "more.policy-test.yml").write_text(WRONG)

    said = refused(".")

    assert said == f"error: more.policy-test.yml: is not read: end its name in {ENDING}\n"


def test_above_a_linked_directory_is_where_the_link_stands(site):
    elsewhere = site / "elsewhere" / "tests"
    elsewhere.mkdir(parents=True)
    (site / f"policy{ENDING}").rename(elsewhere / f"policy{ENDING}")
    (elsewhere.parent / "policy.yaml").write_text('"placement:traits:list": "role:another"\n')
    (site / "tests").symlink_to(elsewhere)

    assert run("tests").output == "policy.yaml: 2 passed\n"


def test_what_cannot_be_read(site):
    (site / f"policy{ENDING}").unlink()
    (site / f"policy{ENDING}").mkdir()

    assert f"policy{ENDING}: cannot be read (Is a directory): " in refused(".")


def in_pytest(site, *arguments):
    """pytest with our plugin and no others, as the entry point loads it."""
    plugin = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    command = [sys.executable, "-m", "pytest", "-p", plugin["pytest11"]["policy-proxy"], *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=site, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


def test_pytest_collects_the_same_files(site):
    (site / f"policy{ENDING}").write_text(WRONG)
    (site / "plain.yaml").write_text("cases: []")

    code, output = in_pytest(site, "-rA")

    assert code == 1
    assert f"PASSED policy{ENDING}::a reader of ops lists traits" in output
    assert f"policy{ENDING}:9: allow is expected, but the policy denies\n\nDenied." in output
    assert "without role:reader" in output
    assert "Traceback" not in output
    assert "1 failed, 1 passed" in output


def test_pytest_tells_what_is_wrong_with_a_file(site):
    (site / f"policy{ENDING}").write_text("cases: 1")
    (site / f"tests{ENDING}").write_text(
        "policy: policy.yaml\ncases: [{request: GET /x, identity: {}, expect: deny}]"
    )

    (site / f"twice{ENDING}").write_text(
        "policy: [policy.yaml, policy.yaml]\n"
        "cases: [{operation: traits:list, identity: {}, expect: deny}]"
    )

    code, output = in_pytest(site, "--continue-on-collection-errors")

    assert code == 1
    assert f"twice{ENDING}: more than one policy file (policy.yaml, policy.yaml)" in output
    assert "Traceback" not in output
    assert f"policy{ENDING}:1: cases is 1: write a list of cases" in output
    assert f"tests{ENDING}:2: policy is not asked: the proxy answers 404" in output


def test_the_plugin_imports_little():
    """It is loaded with every run of pytest where the proxy is installed."""
    plugin = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    name = plugin["pytest11"]["policy-proxy"]
    loaded = f"import sys, {name}; print([m for m in sys.modules if 'oslo' in m or 'dd' == m])"
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
    assert import_module(name)._ENDING == ENDING
