"""`policy-proxy serve` and `check` with a configuration for an authorizer."""

from __future__ import annotations

import http.client
import subprocess

import pytest

from harness import sections
from harness.proxy import ADMIN, PROXY_USER, READER
from harness.serve import COMMAND, serving


@pytest.fixture
def configured(tmp_path, keystone_url, password):
    """There is no backend in it."""
    (tmp_path / "policy.yaml").write_text("{}\n")
    return sections.written(
        tmp_path,
        {
            "authorizer": {"front_end": "nginx"},
            "keystone_authtoken": sections.authtoken(keystone_url, PROXY_USER, password),
        },
    )


def run(command, path):
    return subprocess.run(
        [COMMAND, command, "--config-file", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_check_needs_no_backend(configured):
    finished = run("check", configured)
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_policy_that_looks_at_bodies_is_refused_by_name(configured, command):
    rule = '"placement:allocations:update": "project_id:%(project_id)s"\n'
    (configured.parent / "policy.yaml").write_text(rule)
    finished = run(command, configured)
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert "policy.yaml:1: rule 'placement:allocations:update' names %(project_id)s" in line
    allowed = configured.read_text().replace("nginx", "envoy\nbody = whole")
    configured.write_text(allowed)
    assert run("check", configured).returncode == 0


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_wrong_section_is_refused(configured, command):
    configured.write_text(configured.read_text().replace("nginx", "nginx\nbody = whole"))
    finished = run(command, configured)
    assert finished.returncode == 1
    assert "[authorizer] body = whole is for Envoy alone" in finished.stderr


def test_serve_answers_the_front_end(configured, keystone):
    with serving(configured) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        for grant, status in ((ADMIN, 200), (READER, 403)):
            said = {"X-Original-Method": "GET", "X-Original-URI": "/traits"}
            headers = {**said, "X-Auth-Token": keystone.issue(grant)}
            connection.request("GET", "/authorize", headers=headers)
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (status, status != 200)
        connection.request("GET", "/traits", headers={"X-Auth-Token": keystone.issue(ADMIN)})
        answer = connection.getresponse()
        assert answer.status == 400
        answer.read()
        connection.close()
