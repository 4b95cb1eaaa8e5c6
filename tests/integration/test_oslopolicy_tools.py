"""The tools of oslo.policy and oslo.config, run as an operator runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from oslo_config import cfg

from policy_proxy.cli.oslo_policy_tools import get_enforcer
from policy_proxy.placement.rules import list_rules

NAMESPACE = "--namespace=policy-proxy"
ALICE = {
    "token": {
        "user": {"id": "alice"},
        "project": {"id": "alpha"},
        "roles": [{"name": "reader"}],
    }
}


def run(tool, *arguments, cwd):
    command = [str(Path(sys.executable).with_name(tool)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


@pytest.fixture
def policy(tmp_path):
    """Writes a policy file and a configuration that names it; gives the option for the tools."""

    def write(rules):
        (tmp_path / "policy.yaml").write_text(rules)
        config = tmp_path / "policy-proxy.conf"
        config.write_text(f"[oslo_policy]\npolicy_file = {tmp_path / 'policy.yaml'}\n")
        return f"--config-file={config}"

    return write


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sample")
    written = directory / "sample.yaml"
    done = run("oslopolicy-sample-generator", NAMESPACE, f"--output-file={written}", cwd=directory)
    assert done.returncode == 0, done.stderr
    return written.read_text()


def test_the_sample_names_every_rule_with_its_default(sample):
    for rule in list_rules():
        assert f'#"{rule.name}": "{rule.check_str}"' in sample.splitlines()
        assert rule.description.split()[0] in sample
    assert "# PUT  /resource_providers/{uuid}/inventories/{resource_class}" in sample
    assert yaml.safe_load(sample) is None


def test_the_sample_with_its_comment_signs_removed_is_a_policy(sample, tmp_path, policy):
    rules = "\n".join(line[1:] for line in sample.splitlines() if line.startswith('#"'))

    done = run("oslopolicy-validator", NAMESPACE, policy(rules), cwd=tmp_path)

    assert len(yaml.safe_load(rules)) == len(list_rules())
    assert (done.returncode, done.stdout) == (0, "")


def test_what_repeats_a_default_is_listed_as_redundant(tmp_path, policy):
    option = policy(
        '"placement:traits:list": "rule:admin_or_service_api"\n'
        '"placement:traits:show": "role:reader"\n'
    )

    done = run("oslopolicy-list-redundant", NAMESPACE, option, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ['"placement:traits:list":', '"rule:admin_or_service_api"']


def test_the_validator_reports_each_wrong_rule(tmp_path, policy):
    option = policy(
        '"placement:traits:lost": "role:admin"\n"placement:traits:list": "role:admin or"\n'
    )

    done = run("oslopolicy-validator", NAMESPACE, option, cwd=tmp_path)

    assert done.returncode == 1
    assert "Unknown rule found in policy file: placement:traits:lost" in done.stdout
    assert "Failed to parse rule: role:admin or" in done.stdout


def test_the_validator_reports_a_reference_to_nothing(tmp_path, policy):
    option = policy('"placement:traits:list": "rule:typo"')

    done = run("oslopolicy-validator", NAMESPACE, option, cwd=tmp_path)

    assert done.returncode == 1
    assert "Invalid rules found" in done.stdout


def test_the_validator_reports_a_missing_file(tmp_path, policy):
    option = policy("")
    (tmp_path / "policy.yaml").unlink()

    done = run("oslopolicy-validator", NAMESPACE, option, cwd=tmp_path)

    assert done.returncode == 1
    assert "not found" in done.stdout


@pytest.fixture
def merged(tmp_path, policy):
    """The policy in force: our defaults, and a file that lets readers list traits."""
    option = policy('"placement:traits:list": "role:reader"')
    written = tmp_path / "merged.yaml"
    done = run(
        "oslopolicy-policy-generator", NAMESPACE, option, f"--output-file={written}", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return written


def test_the_checker_decides_by_the_policy_in_force(tmp_path, merged):
    (tmp_path / "access.json").write_text(json.dumps(ALICE))
    check = ("oslopolicy-checker", f"--policy={merged}", "--access=access.json")

    done = run(*check, cwd=tmp_path)

    verdicts = dict(reversed(line.split(": ")) for line in done.stdout.splitlines())
    operations = [rule.name for rule in list_rules() if rule.name.startswith("placement:")]
    assert sorted(verdicts) == sorted(operations)
    assert {name for name, verdict in verdicts.items() if verdict == "passed"} == {
        "placement:traits:list",
        "placement:usages",
    }

    for project, verdict in (("alpha", "passed"), ("beta", "failed")):
        (tmp_path / "target.json").write_text(json.dumps({"project_id": project}))
        done = run(*check, "--rule=placement:usages", "--target=target.json", cwd=tmp_path)
        assert done.stdout == f"{verdict}: placement:usages\n"


def test_the_sample_configuration_names_our_options(tmp_path):
    done = run("oslo-config-generator", NAMESPACE, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    for line in ("[backend]", "#url = <None>", "#credentials = caller", "[limits]", "[policy]"):
        assert line in done.stdout.splitlines()


@pytest.fixture
def parsed_command_line():
    """What each tool does first."""
    cfg.CONF([], default_config_files=[], default_config_dirs=[])
    yield
    cfg.CONF.reset()


@pytest.mark.usefixtures("parsed_command_line")
def test_two_enforcers_share_nothing():
    first, second = get_enforcer(), get_enforcer()

    assert first is not second
    assert first.registered_rules.keys() == second.registered_rules.keys()
    assert not {id(rule) for rule in first.registered_rules.values()} & {
        id(rule) for rule in second.registered_rules.values()
    }
