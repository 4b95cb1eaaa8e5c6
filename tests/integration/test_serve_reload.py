"""Policy files that change while `policy-proxy serve` runs, with several workers."""

from __future__ import annotations

import json
import signal
import time

import pytest

from harness import plain
from harness.keystone import Grant
from harness.proxy import configuration
from harness.serve import serving
from harness.stack import eventually

WORKERS = 2
ROBOT = Grant("robot-user", ("robot",), "alpha")
FOR_ROBOTS = '"placement:traits:list": "role:robot"\n'
DANGEROUS = '"placement:traits:list": no\n'


class Site:
    """The proxy, and what can be asked of it."""

    def __init__(self, folder, served, keystone):
        self.policy = folder / "policy.yaml"
        self.audit = folder / "audit.jsonl"
        self.served = served
        self.keystone = keystone

    def health(self):
        return plain.get(f"{self.served.url}/healthcheck?detailed=1").json()

    def everywhere(self, **expected):
        """Whether every worker says this of its policy. Which one answers is up to the kernel."""
        found = {}
        for _ in range(40):
            answer = self.health()
            found[answer["worker"]] = answer["policy"]
            if len(found) == WORKERS:
                break
        return len(found) == WORKERS and all(
            policy[name] == value for policy in found.values() for name, value in expected.items()
        )

    def status(self):
        token = {"X-Auth-Token": self.keystone.issue(ROBOT)}
        return plain.get(f"{self.served.url}/traits", headers=token).status_code


@pytest.fixture
def site_of(tmp_path, keystone, keystone_url, password, backend):
    def configured(watch_interval):
        return configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options=f"[policy]\nwatch_interval = {watch_interval}",
        )

    return lambda served: Site(tmp_path, served, keystone), configured


def test_a_change_is_in_force_in_every_worker_within_two_seconds(site_of):
    made, configured = site_of
    with serving(configured(0.8), "--workers", str(WORKERS)) as served:
        site = made(served)
        eventually(lambda: site.everywhere(state="in force"))
        before = site.health()["policy"]["revision"]
        assert site.status() == 403

        site.policy.write_text(FOR_ROBOTS)
        time.sleep(2)
        after = site.health()["policy"]["revision"]
        assert after != before
        assert site.everywhere(state="in force", revision=after)
        assert site.status() == 200

        site.policy.write_text(DANGEROUS)
        time.sleep(2)
        assert site.everywhere(state="refused", revision=after)
        assert site.health()["ready"]
        assert site.status() == 200

        records = [json.loads(line) for line in site.audit.read_text().splitlines()]
        assert [record["revision"] for record in records] == [before, after, after]
        assert served.log.read_text().count("are refused") == WORKERS


def test_sighup_has_every_worker_read_at_once(site_of):
    made, configured = site_of
    with serving(configured(3600), "--workers", str(WORKERS)) as served:
        site = made(served)
        eventually(lambda: site.everywhere(state="in force"))
        workers = served.worker_pids()
        before = site.health()["policy"]["revision"]

        site.policy.write_text(FOR_ROBOTS)
        served.process.send_signal(signal.SIGHUP)
        eventually(lambda: site.health()["policy"]["revision"] != before)
        after = site.health()["policy"]["revision"]
        eventually(lambda: site.everywhere(state="in force", revision=after))
        assert site.status() == 200
        assert served.worker_pids() == workers, "the workers are the same"
