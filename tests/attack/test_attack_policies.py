"""Policy files that must never come into force: the last good one stays, and that is said."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from attack.case import DIRECTORY, POLICIES, bytes_of
from harness.proxy import READER, configuration
from harness.serve import Served, serving
from harness.stack import eventually
from integration.raw_backend import RawBackend, placement

GOOD = '"placement:resource_classes:list": "role:reader"\n'
PATHS = sorted((DIRECTORY / POLICIES).glob("*.yaml"))
STATUSES = {"/resource_classes": 200, "/traits": 403, "/resource_providers": 403}
"""What a reader gets by the good policy."""

pytestmark = pytest.mark.xdist_group("at-policies")


@dataclass(frozen=True, slots=True)
class Site:
    policy: Path
    served: Served
    client: httpx.Client

    def state(self) -> dict[str, Any]:
        return self.client.get("/healthcheck?detailed=1").json()["policy"]

    def put(self, content: bytes | None) -> None:
        """Make this the content of the file, whole, and have it read at once."""
        if content is None:
            self.policy.unlink()
        else:
            new = self.policy.with_suffix(".new")
            new.write_bytes(content)
            new.rename(self.policy)
        self.served.process.send_signal(signal.SIGHUP)

    def statuses(self) -> dict[str, int]:
        return {path: self.client.get(path).status_code for path in STATUSES}


@pytest.fixture(scope="module")
def site(tmp_path_factory, keystone, keystone_url, password):
    folder = tmp_path_factory.mktemp("policies")
    (folder / "policy.yaml").write_text(GOOD)
    with RawBackend(placement) as backend:
        path = configuration(
            folder,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options="[policy]\nwatch_interval = 0.1",
        )
        token = {"X-Auth-Token": keystone.issue(READER)}
        with serving(path) as served, httpx.Client(base_url=served.url, headers=token) as client:
            yield Site(folder / "policy.yaml", served, client)


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_the_last_good_policy_stays(site, path, record_property):
    case = yaml.safe_load(path.read_text())
    good = site.state()["revision"]

    site.put(None if case["policy"] is None else bytes_of(case["policy"]))
    try:
        eventually(lambda: site.state()["state"] == "refused")

        assert site.state()["revision"] == good
        assert site.state()["because"]
        assert site.statuses() == STATUSES
        record_property("attack", [f"{POLICIES}/{path.stem}", "granian", "refused"])
    finally:
        site.put(GOOD.encode())
        eventually(lambda: site.state()["state"] == "in force")
    assert site.state()["revision"] == good
