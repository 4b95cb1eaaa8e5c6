"""nginx and the authorizer between real clients, a real Keystone and a real Placement."""

from __future__ import annotations

import json
import re
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest
from keystoneauth1.session import Session

from docs_from_code import ROOT
from harness import nginx, sections
from harness.serve import serving
from harness.session import blocks, commands, shell
from harness.stack import Stack

PAGE = ROOT / "docs" / "nginx.md"
PROVIDERS = "/resource_providers"
VERSION = {"OpenStack-API-Version": "placement 1.39"}


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where clients go, and who they are."""

    stack: Stack
    url: str
    folder: Path

    def ask(self, cloud: str, method: str, path: str, session: Session | None = None, **more):
        known = session or self.stack.session(cloud)
        return known.request(f"{self.url}{path}", method, raise_exc=False, headers=VERSION, **more)

    def records(self):
        return [json.loads(x) for x in (self.folder / "audit.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def cloud(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    own = RawConfigParser()
    own.read(stack.state_dir / "policy-proxy.conf")
    (folder / "policy.yaml").write_text("{}\n")
    path = sections.written(
        folder,
        {
            "authorizer": {"front_end": "nginx"},
            "audit": {"file": str(folder / "audit.jsonl")},
            "keystone_authtoken": dict(own["keystone_authtoken"]),
        },
    )
    with serving(path) as authorizer:
        addresses = nginx.authorizing(authorizer.url, stack.placement_url)
        with nginx.serving(folder, "nginx-authorizer.conf", addresses) as url:
            yield Cloud(stack, url, folder)


def test_the_life_of_a_provider(cloud):
    made = cloud.ask("nova", "POST", PROVIDERS, json={"name": "behind nginx"})
    assert made.status_code == 200
    provider = made.json()["uuid"]
    path = f"{PROVIDERS}/{provider}"
    assert made.headers["Location"] == f"{cloud.url}{path}"

    record = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 8}}}
    assert cloud.ask("nova", "PUT", f"{path}/inventories", json=record).status_code == 200
    again = cloud.ask("nova", "PUT", f"{path}/inventories", json=record)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (
        409,
        "placement.concurrent_update",
    )
    found = cloud.ask("nova", "GET", f"{PROVIDERS}?name=behind%20nginx&resources=VCPU:1")
    assert [one["uuid"] for one in found.json()["resource_providers"]] == [provider]
    assert cloud.ask("nova", "DELETE", path).status_code == 204
    gone = cloud.ask("nova", "GET", path)
    assert gone.status_code == 404
    assert f"No resource provider with uuid {provider}" in gone.json()["errors"][0]["detail"]


def test_who_may_not_is_refused_before_placement(cloud):
    refused = cloud.ask("alice-reader", "GET", PROVIDERS)
    assert refused.status_code == 403
    (error,) = refused.json()["errors"]
    assert error["request_id"] == refused.headers["X-Openstack-Request-Id"]
    record = cloud.records()[-1]
    assert record["request_id"] == error["request_id"]
    assert (record["outcome"], record["path"], record["roles"]) == ("denied", PROVIDERS, ["reader"])


def test_a_client_whose_token_ended_logs_in_again_unnoticed(cloud):
    session = cloud.stack.session("nova")
    assert cloud.ask("nova", "GET", PROVIDERS, session).status_code == 200
    session.auth.auth_ref._auth_token = "ended"
    assert cloud.ask("nova", "GET", PROVIDERS, session).status_code == 200
    outcomes = [(record["status"], record["outcome"]) for record in cloud.records()[-2:]]
    assert outcomes == [(401, "rejected"), (200, "allowed")]


def test_what_the_page_says_to_look_at_looks_like_that(cloud, tmp_path):
    """Under the headings "See that ...", with the addresses of this time."""
    _, *sections = re.split(r"^## See that .+$", PAGE.read_text(), flags=re.MULTILINE)
    session = cloud.stack.session("nova")
    token = session.get_token()
    looked = 0
    with shell(str(tmp_path), {"TOKEN": token, "NO_PROXY": "*"}) as typed:
        for _, _, block in blocks("".join(sections)):
            for command, shown in commands(block):
                if "CONTROLLER:8778" not in command:
                    continue
                here = command.replace("http://CONTROLLER:8778", cloud.url)
                said, code = typed.run(here)
                assert code == 0
                assert shown.strip() in said
                looked += 1
    assert looked == 4


@pytest.mark.parametrize("length", [20_000, 50_000])
def test_a_request_line_as_long_as_nova_s_gets_through(cloud, length):
    names = ",".join(f"CUSTOM_TRAIT_{number}" for number in range(length // 18))
    answer = cloud.ask("nova", "GET", f"/traits?name=in:{names}")
    assert (answer.status_code, answer.json()) == (200, {"traits": []})
