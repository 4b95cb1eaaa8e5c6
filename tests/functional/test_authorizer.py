"""What a front end is told of the requests that it asks about; nothing reaches a backend."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from functional.conftest import valid
from harness.asked import Authorizer, section
from harness.proxy import ADMIN, READER, configuration

UUID = "29906219-caf0-49c8-b9fe-d3547d4a38f4"
FRONT_ENDS = ("nginx", "envoy", "caddy", "traefik")


@pytest.fixture
def make(tmp_path, keystone, keystone_url, password):
    """An authorizer for a front end; further words are options of its section."""
    with ExitStack() as built:

        def make(front_end, policy="{}\n", options="", **more):
            (tmp_path / "policy.yaml").write_text(policy)
            path = configuration(
                tmp_path,
                backend="http://nowhere.invalid",
                keystone=keystone_url,
                password=password,
                options=f"{options}\n{section(front_end, **more)}",
            )
            authorizer = Authorizer.built(path, keystone)
            built.callback(valid, authorizer)
            built.callback(authorizer.app.close)
            return authorizer

        yield make


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_what_policy_allows_is_answered_with_nothing_but_yes(make, front_end):
    authorizer = make(front_end)
    answer = authorizer.ask("GET", f"/resource_providers/{UUID}?a=1")
    assert (answer.status_int, answer.body) == (200, b"")
    (record,) = authorizer.records()
    told = {"X-Policy-Proxy-Target"} if front_end == "nginx" else set()
    assert set(answer.headers) == {"Content-Length", "X-Openstack-Request-Id"} | told
    assert answer.headers["X-Openstack-Request-Id"] == record["request_id"]
    assert record["operation"] == "placement:resource_providers:show"
    assert (record["method"], record["path"]) == ("GET", f"/resource_providers/{UUID}")
    assert (record["outcome"], record["status"]) == ("allowed", 200)
    assert (record["credentials"], record["client"]) == ("caller", "127.0.0.1")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
@pytest.mark.parametrize(
    ("method", "target", "grant", "status"),
    [
        ("GET", "/traits", READER, 403),
        ("GET", "/traits", None, 401),
        ("GET", "/nothing", ADMIN, 404),
        ("PATCH", "/traits", ADMIN, 405),
        ("POST", "/resource_providers", ADMIN, 415),
        ("GET", "/usages?project_id=a;b", ADMIN, 400),
    ],
)
def test_a_refusal_is_the_one_that_a_client_of_the_proxy_gets(
    make, front_end, method, target, grant, status
):
    authorizer = make(front_end)
    answer = authorizer.ask(method, target, grant=grant)
    assert answer.status_int == status
    assert answer.json["errors"][0]["status"] == status
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)
    assert (status == 405) == ("Allow" in answer.headers)
    (record,) = authorizer.records()
    assert (record["method"], record["path"]) == (method, target.partition("?")[0])
    assert (record["status"], record["credentials"]) == (status, "")
    told = answer.headers.get("X-Policy-Proxy-Refusal")
    assert (told == answer.text) if front_end == "nginx" else (told is None)
