"""Of a file that is no policy nothing is quoted: it may hold secrets."""

from __future__ import annotations

import re

import pytest

from policy_proxy.policy.lint.codes import CODES

SHADOW = """\
root:$6$s41tJwqe$kRPVtqXm:19000:0:99999:7:::
placement:$6$n4clFxbd$GhwZtlYq:19000:0:99999:7:::
nova:!:19000::::::
admin_api:*:19000::::::
"""
INI = """\
[database]
connection = mysql+pymysql://placement:hunter2@db/placement
"""
FLAT_INI = "transport_url: rabbit://openstack:hunter2@mq\nservice_password: hunter2\n"
YAML = """\
database_password: hunter2
service_password: !hunter2
pin: 47110815
47110816: pin
hunter3: hunter2 and hunter2
default: hunter2
list: [hunter2]
"a hunter2: b": role:hunter2
'hunter2
"""
TAGS = "%TAG !hunter2! x:\n%TAG !hunter2! y:\n---\nx: y\n"
TAG = "user: !hunter2!pin pin\n"
SECRETS = {
    "shadow": SHADOW,
    "ini": INI,
    "flat ini": FLAT_INI,
    "yaml": YAML,
    "tags": TAGS,
    "undefined tag": TAG,
    "env": "export OS_PASSWORD=hunter2\nOS_USERNAME: hunter2\n",
    "json": '{"password": "hunter2", "user": {"name": "hunter2"}}',
}
QUOTED = re.compile(r"hunter\d|\$6\$|s41t|n4cl|4711081|19000|root|database|transport|rabbit|pin\b")


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("name", ["policy.yaml", "policy.d/10-secrets.yaml"])
def test_nothing_of_it_is_in_any_finding(lint_files, name, text):
    found = lint_files({"policy.yaml": '"placement:traits:list": "role:boss"\n', name: text})

    assert found
    for problem in found:
        assert not QUOTED.search(problem.sentence), problem.sentence
        assert problem.rule == ""


def test_every_line_that_is_bad_is_named(lint_files):
    found = lint_files({"policy.yaml": FLAT_INI})
    (bad,) = [problem for problem in found if problem.code == "PP111"]

    assert bad.line == 2
    assert CODES["PP111"].title in bad.text


@pytest.mark.parametrize(
    "text",
    [
        '"placement:traits:list": "role"\n',
        '"placement:trait:list": "role"\n',
        '"admin_appi": "role"\n',
        '"rule:admin_api": "role"\n',
        '"helper": "role"\n"other": "rule:helper"\n',
    ],
)
def test_a_policy_is_quoted(lint_files, text):
    (found,) = [one for one in lint_files({"policy.yaml": text}) if one.code == "PP111"]

    assert found.rule in text
    assert "'role'" in found.text


def test_what_a_rule_of_another_file_refers_to_is_a_policy(lint_files):
    files = {
        "policy.yaml": '"placement:traits:list": "rule:helper"\n',
        "policy.d/10-helpers.yaml": '"helper": "role"\n',
    }
    (found,) = lint_files(files)

    assert (found.code, found.rule) == ("PP111", "helper")
