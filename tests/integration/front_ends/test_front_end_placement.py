"""Envoy, Caddy and Traefik in front of a real Placement, with tokens of a real Keystone."""

from __future__ import annotations

import json
import uuid

VERSION = {"OpenStack-API-Version": "placement 1.39"}


def test_a_provider_lives_and_dies(real_site, stack):
    url, audit = real_site.front.url, real_site.audit
    nova = stack.session("nova")
    headers = {**VERSION, "Host": "made-up.example", "X-Forwarded-Host": "made-up.example"}
    name, provider = f"p-{uuid.uuid4()}", str(uuid.uuid4())

    def ask(method, path, **more):
        return nova.request(f"{url}{path}", method, headers=headers, raise_exc=False, **more)

    document = {"name": name, "uuid": provider}
    created = ask("POST", "/resource_providers", json=document)
    assert (created.status_code, created.json()["name"]) == (200, name)
    assert created.headers["Location"] == f"{url}/resource_providers/{provider}"
    assert ask("POST", "/resource_providers", json=document).status_code == 409

    inventories = {"VCPU": {"total": 8}}
    path = f"/resource_providers/{provider}/inventories"
    body = {"inventories": inventories, "resource_provider_generation": 0}
    assert ask("PUT", path, json=body).status_code == 200
    conflict = ask("PUT", path, json=body)
    (error,) = conflict.json()["errors"]
    assert (conflict.status_code, error["code"]) == (409, "placement.concurrent_update")

    assert ask("GET", f"/resource_providers?name={name}").json()["resource_providers"]
    assert ask("DELETE", f"/resource_providers/{provider}").status_code == 204
    assert ask("GET", f"/resource_providers/{provider}").status_code == 404
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    assert {record["outcome"] for record in records if provider in record["path"]} == {"allowed"}


def test_placements_log_has_the_id_of_the_audit_record(real_site, stack):
    url, audit = real_site.front.url, real_site.audit
    marker = str(uuid.uuid4())
    stack.session("nova").get(f"{url}/resource_providers?name={marker}", headers=VERSION)
    request_id = json.loads(audit.read_text().splitlines()[-1])["request_id"]
    assert request_id in (stack.state_dir / "placement.log").read_text()


def test_whom_policy_denies_and_who_has_no_token_get_the_answers_of_the_proxy(real_site, stack):
    answers = []
    for base in (real_site.front.url, stack.url):
        denied = stack.session("bob").get(
            f"{base}/resource_providers", headers=VERSION, raise_exc=False
        )
        stranger = stack.session("bob").get(
            f"{base}/resource_providers", raise_exc=False, authenticated=False
        )
        answers.append([_seen(denied), _seen(stranger)])
    assert answers[0] == answers[1]
    assert [answer["status"] for answer in answers[0]] == [403, 401]


def _seen(answer):
    (error,) = answer.json()["errors"]
    assert error.pop("request_id") == answer.headers["X-Openstack-Request-Id"]
    return {
        "status": answer.status_code,
        "type": answer.headers["Content-Type"],
        "challenge": answer.headers.get("WWW-Authenticate"),
        "error": error,
    }
