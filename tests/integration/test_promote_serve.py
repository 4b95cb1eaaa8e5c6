"""Promotion in front of a real `policy-proxy serve` with several workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager

import pytest

from harness import plain
from harness.keystone import Grant
from harness.proxy import configuration
from harness.serve import COMMAND, serving
from harness.stack import eventually

WORKERS = 3
READER = Grant("reader-user", ("reader",), "alpha")
OLD = '"placement:traits:list": "role:admin"\n'
NEW = '"placement:traits:list": "role:admin or role:reader"\n'
REMOTE = '"placement:traits:list": "http://127.0.0.1:9/ask"\n'


class Site:
    """The proxy, its policy, and the commands about it."""

    def __init__(self, folder, conf, served, keystone):
        self.folder = folder
        self.policy = folder / "policy.yaml"
        self.conf = conf
        self.served = served
        self.keystone = keystone

    def start(self, command, *arguments, url=True, **environment):
        at = ["--url", self.served.url] if url else []
        options = ["--config-file", str(self.conf), *(["--yes", *at] if command != "log" else [])]
        return subprocess.Popen(
            [COMMAND, "policy", command, *map(str, arguments), *options],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, exit_code=0, **more):
        """What is said on both."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=120)
        assert process.returncode == exit_code, out + err
        return out + err

    def history(self):
        return json.loads(self.run("log", "--format", "json"))

    def revisions(self):
        """Of every worker that answers."""
        workers, told = {*self.served.worker_pids()}, {}
        for _ in range(80):
            answer = plain.get(f"{self.served.url}/healthcheck?detailed=1").json()
            told[answer["worker"]] = answer["policy"]["revision"]
            if workers == {*told}:
                break
        return told

    def status(self):
        token = {"X-Auth-Token": self.keystone.issue(READER)}
        return plain.get(f"{self.served.url}/traits", headers=token).status_code

    def waits(self):
        """Whether a command has replaced the file and asks the workers."""
        return (self.folder / ".policy.yaml.before").exists() and self.policy.read_text() == NEW


@pytest.fixture
def site_of(tmp_path, keystone, keystone_url, password, backend):
    (tmp_path / "policy.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(NEW)
    (tmp_path / "remote.yaml").write_text(REMOTE)

    @contextmanager
    def started(options="", watch_interval=0.3, workers=WORKERS):
        conf = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options=f"[policy]\nwatch_interval = {watch_interval}\n{options}",
        )
        with serving(conf, "--workers", str(workers)) as served:
            site = Site(tmp_path, conf, served, keystone)
            eventually(lambda: len(site.revisions()) == workers)
            yield site

    return started


def test_promote_returns_when_every_worker_has_it_and_rollback_when_none_has_any_more(site_of):
    with site_of(f"[server]\nworkers = {WORKERS}") as site:
        assert site.status() == 403

        said = site.run("promote", "new.yaml")

        there = site.history()[0]
        assert site.revisions() == dict.fromkeys(site.served.worker_pids(), there["after"])
        assert site.status() == 200
        assert f"Revision {there['after']} is in force in all {WORKERS} workers." in said
        assert (there["kind"], there["workers"]) == ("promote", WORKERS)

        site.run("rollback")

        assert set(site.revisions().values()) == {there["before"]}
        assert site.status() == 403
        assert site.history()[0]["kind"] == "rollback"


def test_what_the_candidate_said_on_trial_is_shown(site_of):
    with site_of("candidate_file = new.yaml", workers=1) as site:
        log = site.folder / "audit.jsonl"

        def flipped():
            return site.status() == 403 and '"candidate":{' in log.read_text()

        eventually(flipped)

        said = site.run("promote", "new.yaml", "--log", log)

        assert "roles reader; project alpha" in said
        assert "No record names" not in said
        assert site.status() == 200


def test_workers_that_nobody_has_told_of_are_waited_for_as_well(site_of):
    """`serve --workers` gives more than the configuration says, which is one."""
    with site_of(watch_interval=3600) as site:
        process = site.start("promote", "new.yaml", "--timeout", "100")
        eventually(site.waits)
        one, *_ = site.served.worker_pids()
        os.kill(one, signal.SIGHUP)
        eventually(lambda: len(set(site.revisions().values())) == 2)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)

        site.served.process.send_signal(signal.SIGHUP)

        assert process.wait(30) == 0, process.communicate()
        process.communicate()
        assert set(site.revisions().values()) == {site.history()[0]["after"]}


def test_what_the_workers_refuse_is_put_back(site_of):
    """The command accepts what they do not: as when the configuration was changed meanwhile."""
    with site_of() as site:
        before = site.revisions()

        said = site.run(
            "promote", "remote.yaml", exit_code=1, OS_POLICY__ALLOW_REMOTE_CHECKS="true"
        )

        assert "refuses revision" in said
        assert "[policy] allow_remote_checks" in said, "what the worker says of it"
        assert "policy.yaml is as it was before, and revision" in said
        assert site.policy.read_text() == OLD
        assert site.revisions() == before
        answer = plain.get(f"{site.served.url}/healthcheck?detailed=1").json()
        assert answer["policy"]["state"] == "in force"
        failed = site.history()[0]
        assert (failed["kind"], failed["workers"]) == ("failed", 0)
        assert "refuses revision" in failed["reason"]
        assert not (site.folder / ".policy.yaml.previous").exists()


def test_what_the_workers_do_not_take_in_time_is_put_back(site_of):
    with site_of(watch_interval=3600) as site:
        before = site.revisions()
        # The workers look every hour. The command goes by what is written now, and so does not wait
        # as long as they might take before it asks whether the old one is in force.
        text = site.conf.read_text()
        site.conf.write_text(text.replace("watch_interval = 3600", "watch_interval = 0.1"))

        said = site.run("promote", "new.yaml", "--timeout", "1", exit_code=1)

        assert "after 1 seconds" in said
        assert site.policy.read_text() == OLD
        assert site.revisions() == before
        assert site.history()[0]["kind"] == "failed"
        assert site.run("rollback", exit_code=1).count("never promoted") == 1


def test_fewer_workers_than_expected_are_told_before_anything_is_done(site_of):
    with site_of(workers=2) as site:
        said = site.run("promote", "new.yaml", "--workers", "3", exit_code=1)

        assert "2 of 3 workers have answered" in said
        assert "nothing is changed" in said
        assert site.policy.read_text() == OLD
        assert site.history() == []


def test_a_proxy_that_does_not_answer_is_told_before_anything_is_done(site_of):
    with site_of() as site:
        site.conf.write_text(site.conf.read_text() + "[server]\nport = 1\n")

        said = site.run("promote", "new.yaml", url=False, exit_code=1)

        assert "the proxy does not answer at http://127.0.0.1:1" in said
        assert "--no-wait" in said
        assert site.policy.read_text() == OLD
        site.run("promote", "new.yaml", "--no-wait")
        assert site.policy.read_text() == NEW
        assert site.history()[0]["workers"] == 0


def test_something_else_that_answers_is_no_proxy(site_of, backend):
    with site_of() as site:
        said = site.run("promote", "new.yaml", "--url", backend.url, exit_code=1, url=False)

        assert "is no policy-proxy" in said


def test_a_proxy_that_has_other_files_in_force_is_told(site_of):
    with site_of(watch_interval=3600) as site:
        site.policy.write_text(OLD + "# by hand\n")

        said = site.run("promote", "new.yaml", exit_code=1)

        assert "in force, and the files are" in said
        assert site.history() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_that_is_told_to_end_puts_the_file_back(site_of, number):
    with site_of(watch_interval=3600, workers=1) as site:
        process = site.start("promote", "new.yaml", "--timeout", "100")
        eventually(site.waits)

        process.send_signal(number)
        process.send_signal(signal.SIGINT)  # and by somebody impatient once more
        process.send_signal(number)

        assert process.wait(30) == 1
        assert "is as it was before" in process.communicate()[1]
        assert site.policy.read_text() == OLD
        failed = site.history()[0]
        assert (failed["kind"], failed["reason"]) == ("failed", "the command was told to end")


def test_after_a_kill_the_file_is_whole_and_the_next_command_goes_on(site_of):
    with site_of(watch_interval=3600, workers=1) as site:
        process = site.start("promote", "new.yaml", "--timeout", "100")
        eventually(site.waits)
        process.kill()
        process.communicate()
        assert site.policy.read_text() == NEW
        site.served.process.send_signal(signal.SIGHUP)
        eventually(lambda: site.status() == 200)

        said = site.run("rollback", "--no-wait")

        assert "cut short" in said
        assert site.policy.read_text() == OLD
        assert [entry["kind"] for entry in site.history()] == ["rollback", "interrupted"]


def test_of_two_at_once_one_is_refused(site_of):
    with site_of(watch_interval=3600, workers=1) as site:
        process = site.start("promote", "new.yaml", "--timeout", "100")
        eventually(site.waits)

        assert "another promotion" in site.run("promote", "remote.yaml", exit_code=1)
        assert "another promotion" in site.run("rollback", exit_code=1)

        site.served.process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 0, process.communicate()
        process.communicate()
        assert site.policy.read_text() == NEW


def test_a_worker_that_ends_meanwhile_is_replaced_and_counts(site_of):
    with site_of(watch_interval=3600, workers=2) as site:
        process = site.start("promote", "new.yaml", "--workers", "2", "--timeout", "100")
        eventually(site.waits)
        os.kill(site.served.worker_pids()[0], signal.SIGKILL)  # the next one reads the new file
        eventually(lambda: len(set(site.revisions().values())) == 2)
        assert process.poll() is None, "the other one has not"

        site.served.process.send_signal(signal.SIGHUP)

        assert process.wait(30) == 0, process.communicate()
        process.communicate()
