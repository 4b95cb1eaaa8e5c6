"""The `openstack` command with osc-placement, as each seeded user, through the proxy."""

from __future__ import annotations

import json
import os
import subprocess
import uuid

import pytest

from harness.stack import COMMAND, Stack

OPENSTACK = COMMAND.with_name("openstack")
MICROVERSION = {"OpenStack-API-Version": "placement 1.39"}
REFUSED = "Access was denied to this resource. (HTTP 403)"


def openstack(
    stack: Stack, cloud: str, *words: str, script: str | None = None
) -> subprocess.CompletedProcess[str]:
    """One command, or the commands of a script, which the one process reads from its input."""
    environment = {name: value for name, value in os.environ.items() if name[:3] != "OS_"}
    return subprocess.run(
        [OPENSTACK, *words],
        env={**environment, "OS_CLIENT_CONFIG_FILE": str(stack.clouds_file), "OS_CLOUD": cloud},
        input=script,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("cloud", ["admin", "nova", "alice-admin"])
def test_may_keep_resource_providers(stack: Stack, cloud: str) -> None:
    provider = str(uuid.uuid4())
    commands = [
        f"resource provider create --uuid {provider} of-{cloud} -f value -c name",
        f"resource provider inventory set {provider} --resource VCPU=8 -f value -c total",
        f"resource provider inventory show {provider} VCPU -f value -c total",
        f"resource provider show {provider} -f value -c generation",
        f"resource provider list --name of-{cloud} -f value -c uuid",
        f"resource provider delete {provider}",
        f"resource provider show {provider}",
    ]
    ended = openstack(stack, cloud, script="\n".join(commands))
    assert ended.stdout.split() == [f"of-{cloud}", "8", "8", "1", provider]
    assert ended.stderr.splitlines() == [
        f"No resource provider with uuid {provider} found (HTTP 404)"
    ]


@pytest.mark.parametrize(
    "cloud", ["alice", "alice-reader", "bob", "bob-reader", "sysadmin", "sysreader"]
)
def test_may_not_list_resource_providers(stack: Stack, cloud: str) -> None:
    ended = openstack(stack, cloud, "resource", "provider", "list")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.strip() == REFUSED


def test_without_a_role_there_is_no_catalogue_to_find_the_proxy_in(stack: Stack) -> None:
    ended = openstack(stack, "norole", "resource", "provider", "list")
    assert ended.returncode == 1
    assert "service catalog is empty" in ended.stderr


def test_a_reader_may_show_the_usages_of_her_own_project_only(stack: Stack) -> None:
    alpha, beta = (project_id(stack, cloud) for cloud in ("alice-reader", "bob-reader"))
    script = f"resource usage show {alpha} -f json\nresource usage show {beta} -f json\n"
    ended = openstack(stack, "alice-reader", script=script)
    assert json.loads(ended.stdout) == []
    assert ended.stderr.strip() == REFUSED


@pytest.mark.parametrize(
    ("cloud", "alpha", "beta"),
    [
        ("admin", 200, 200),
        ("nova", 200, 200),
        ("alice", 200, 403),
        ("alice-admin", 200, 200),
        ("alice-reader", 200, 403),
        ("bob", 403, 200),
        ("bob-reader", 403, 200),
        ("norole", 403, 403),
        ("sysadmin", 403, 403),
        ("sysreader", 403, 403),
    ],
)
def test_usages_of_alpha_and_of_beta(stack: Stack, cloud: str, alpha: int, beta: int) -> None:
    projects = [project_id(stack, user) for user in ("alice-reader", "bob-reader")]
    assert [usages(stack, cloud, project) for project in projects] == [alpha, beta]


@pytest.mark.parametrize("cloud", ["alice", "norole", "sysadmin"])
def test_a_refusal_says_nothing_of_the_rule(stack: Stack, cloud: str) -> None:
    answer = stack.session(cloud).post(
        f"{stack.url}/resource_providers", json={"name": "mine"}, raise_exc=False
    )
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["status"], error["title"]) == (403, 403, "Forbidden")
    assert error["request_id"] == answer.headers["x-openstack-request-id"]
    assert "placement:" not in error["detail"]


def project_id(stack: Stack, cloud: str) -> str:
    return str(stack.session(cloud).get_project_id())


def usages(stack: Stack, cloud: str, project: str) -> int:
    answer = stack.session(cloud).get(
        f"{stack.url}/usages?project_id={project}", headers=MICROVERSION, raise_exc=False
    )
    return int(answer.status_code)
