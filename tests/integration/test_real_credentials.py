"""Whose credentials reach a real Placement, and what a real Keystone's tokens may do."""

from __future__ import annotations

import json
import re
import time
import uuid
from pathlib import Path

import pytest
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from harness.relay import relaying
from harness.serve import serving

POLICY = '"placement:resource_providers:list": "rule:admin_or_service_api or role:reader"\n'


@pytest.fixture
def beside(stack, tmp_path):
    """Another proxy of the same stack, with a policy that lets readers list, behind a wire tap."""

    def configuration(backend: str, credentials: str) -> Path:
        text = (stack.state_dir / "policy-proxy.conf").read_text()
        (tmp_path / "policy.yaml").write_text(POLICY)
        for option, value in {
            "url": f"{backend}\ncredentials = {credentials}",
            "policy_file": tmp_path / "policy.yaml",
            "file": tmp_path / "audit.jsonl",
            "public_url": "http://placement.example",
        }.items():
            text = re.sub(rf"(?m)^{option} = .*$", f"{option} = {value}", text)
        path = tmp_path / "policy-proxy.conf"
        path.write_text(text)
        return path

    return configuration


def get(session: Session, url: str, **more):
    return session.get(url, raise_exc=False, connect_retries=0, **more)


def test_in_service_mode_our_policy_alone_decides(stack, beside, tmp_path):
    reader, bob = stack.session("alice-reader"), stack.session("bob-reader")
    with relaying(stack.placement_url) as tap, serving(beside(tap.url, "service")) as proxy:
        assert get(reader, f"{stack.placement_url}/resource_providers").status_code == 403
        assert get(reader, f"{proxy.url}/resource_providers").status_code == 200
        assert get(bob, f"{proxy.url}/resource_providers").status_code == 200
        name = f"p-{uuid.uuid4()}"
        refused = reader.post(
            f"{proxy.url}/resource_providers", json={"name": name}, raise_exc=False
        )
        assert refused.status_code == 403
        heard = bytes(tap.heard)
    assert b"GET /resource_providers" in heard
    assert name.encode() not in heard
    for session in (reader, bob):
        assert session.get_token().encode() not in heard
    records = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert {r["credentials"] for r in records if r["outcome"] == "allowed"} == {"service"}


def test_in_caller_mode_placements_own_policy_still_applies(stack, beside):
    reader, nova = stack.session("alice-reader"), stack.session("nova")
    with relaying(stack.placement_url) as tap, serving(beside(tap.url, "caller")) as proxy:
        refused = get(reader, f"{proxy.url}/resource_providers")
        assert refused.status_code == 403
        assert "placement:resource_providers" not in refused.text
        assert get(nova, f"{proxy.url}/resource_providers").status_code == 200
        heard = bytes(tap.heard)
    assert f"X-Auth-Token: {reader.get_token()}".encode() in heard


def test_location_names_the_proxy(stack, beside):
    nova = stack.session("nova")
    with serving(beside(stack.placement_url, "caller")) as proxy:
        answer = nova.put(
            f"{proxy.url}/traits/CUSTOM_LOCATION",
            headers={"OpenStack-API-Version": "placement 1.39"},
        )
        nova.delete(
            f"{proxy.url}/traits/CUSTOM_LOCATION",
            headers={"OpenStack-API-Version": "placement 1.39"},
        )
    assert answer.headers["Location"] == "http://placement.example/traits/CUSTOM_LOCATION"


def test_one_request_id_joins_both_logs(stack):
    nova = stack.session("nova")
    answer = get(nova, f"{stack.url}/resource_providers?name={uuid.uuid4()}")
    request_id = answer.headers["X-Openstack-Request-Id"]
    assert request_id in (stack.state_dir / "audit.jsonl").read_text()
    assert request_id in (stack.state_dir / "placement.log").read_text()


def test_a_revoked_token_sends_the_client_back_to_keystone(stack):
    alice = stack.session("alice-admin")
    token = alice.get_token()
    assert get(alice, f"{stack.url}/resource_providers").status_code == 200
    gone = alice.delete(f"{stack.keystone_url}/auth/tokens", headers={"X-Subject-Token": token})
    assert gone.status_code == 204
    plain = Session()
    seen = [
        plain.get(
            f"{stack.url}/resource_providers",
            headers={"X-Auth-Token": token},
            raise_exc=False,
            authenticated=False,
        )
        for _ in range(2)
    ]
    for answer in seen:
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")
    fresh = stack.session("alice-admin")
    assert get(fresh, f"{stack.url}/resource_providers").status_code == 200


def test_how_long_a_revoked_token_is_accepted_is_what_the_two_times_say(stack, beside):
    """`service` mode: Placement, which has a cache of its own, never sees the token."""
    alice = stack.session("alice-reader")
    token = {"X-Auth-Token": alice.get_token()}
    path = beside(stack.placement_url, "service")
    times = "[identity_cache]\nttl = 2\n[keystone_authtoken]\ntoken_cache_time = 1\n"
    text = path.read_text()
    assert text.count("[keystone_authtoken]\n") == 1
    path.write_text(text.replace("[keystone_authtoken]\n", times))
    with serving(path) as proxy:

        def status():
            url = f"{proxy.url}/resource_providers"
            return (
                Session().get(url, headers=token, raise_exc=False, authenticated=False).status_code
            )

        assert status() == 200
        gone = alice.delete(
            f"{stack.keystone_url}/auth/tokens", headers={"X-Subject-Token": alice.get_token()}
        )
        assert gone.status_code == 204
        assert status() == 200, "remembered"
        time.sleep(2 + 1 + 0.5)
        assert status() == 401


def test_an_application_credential_does_what_its_access_rules_allow(stack):
    nova = stack.session("nova")
    user = nova.get_user_id()
    secret = uuid.uuid4().hex
    made = nova.post(
        f"{stack.keystone_url}/users/{user}/application_credentials",
        json={
            "application_credential": {
                "name": f"list-{uuid.uuid4()}",
                "secret": secret,
                "access_rules": [
                    {"service": "placement", "method": "GET", "path": "/resource_providers"}
                ],
            }
        },
    ).json()["application_credential"]
    limited = Session(
        auth=v3.ApplicationCredential(
            stack.keystone_url,
            application_credential_id=made["id"],
            application_credential_secret=secret,
        )
    )
    token = limited.get_token()
    assert get(limited, f"{stack.url}/resource_providers").status_code == 200
    # keystoneauth logs in again at a 401, so ask without it
    for method, path in [("GET", "/resource_classes"), ("DELETE", f"/allocations/{uuid.uuid4()}")]:
        answer = Session().request(
            f"{stack.url}{path}",
            method,
            headers={"X-Auth-Token": token, "OpenStack-API-Version": "placement 1.39"},
            raise_exc=False,
            authenticated=False,
        )
        assert answer.status_code == 401, path
        assert "errors" in answer.json()
    assert get(limited, f"{stack.url}/resource_providers").status_code == 200


def test_a_change_of_policy_is_soon_in_force_and_a_bad_file_never(stack, beside):
    reader = stack.session("alice-reader")
    with serving(path := beside(stack.placement_url, "service")) as proxy:
        assert get(reader, f"{proxy.url}/resource_providers").status_code == 200
        (path.parent / "policy.yaml").write_text("{}\n")
        began = time.monotonic()
        while get(reader, f"{proxy.url}/resource_providers").status_code != 403:
            assert time.monotonic() - began < 10
            time.sleep(0.05)
        assert time.monotonic() - began < 4
        (path.parent / "policy.yaml").write_text('"placement:resource_providers:list": !\n')
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert get(reader, f"{proxy.url}/resource_providers").status_code == 403
            time.sleep(0.2)
        assert "stays in force" in proxy.log.read_text()
