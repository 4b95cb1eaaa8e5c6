"""etc/wsgi/guarded_placement.py: a real Placement with the chain around it, in one process, under
real servers, with tokens of a real Keystone.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from keystoneauth1.session import Session

from harness import sections
from harness.programs import missing
from harness.servers import ETC, SERVERS, Options, Running, WSGIServer, launched
from harness.stack import eventually

MODULE = "guarded_placement"
GUNICORN = SERVERS["gunicorn"]
OF_ANY_APPLICATION = ("gunicorn", "uWSGI", "Apache", "waitress")
"""`policy-proxy serve` serves the proxy alone; nginx makes no difference to the uWSGI behind it."""
OURS = '"placement:resource_providers:list": "rule:admin_or_service_api or role:reader"\n'
NEWEST = {"OpenStack-API-Version": "placement 1.39"}
PUBLIC = "http://placement.example/p"


@dataclass(frozen=True, slots=True)
class Guarded:
    """Placement with the chain around it, and what both of them write."""

    server: Running
    folder: Path

    def ask(self, session: Session, method: str, path: str, **more):
        return session.request(
            f"{self.server.url}{path}",
            method,
            headers=NEWEST | more.pop("headers", {}),
            raise_exc=False,
            connect_retries=0,
            **more,
        )

    def record(self, answer) -> dict:
        """The audit record of this answer."""
        request_id = answer.headers["X-Openstack-Request-Id"]
        (found,) = [one for one in self.records() if one["request_id"] == request_id]
        return found

    def records(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]

    def log(self) -> str:
        return self.server.log.read_text()


@pytest.fixture
def guarded(stack, tmp_path, monkeypatch):
    """Starts it over a copy of the stack's database, with a policy for Placement and one for us."""

    @contextmanager
    def start(
        placements: str = "",
        ours: str = OURS,
        processes: int = 1,
        under: WSGIServer = GUNICORN,
    ):
        own = stack.state_dir / "placement"
        copy = tmp_path / "placement.sqlite"
        with (
            closing(sqlite3.connect(own / "placement.sqlite")) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        text = (own / "placement.conf").read_text().replace(str(own), str(tmp_path))
        (tmp_path / "placement-policy.yaml").write_text(placements or "{}\n")
        (tmp_path / "placement.conf").write_text(
            f"{text}\n[oslo_policy]\npolicy_file = {tmp_path}/placement-policy.yaml\n"
        )
        (tmp_path / "policy.yaml").write_text(ours)
        configuration = sections.written(
            tmp_path,
            {
                "server": {"public_url": PUBLIC},
                "audit": {"file": f"{tmp_path}/audit.jsonl"},
                "oslo_policy": {"policy_file": f"{tmp_path}/policy.yaml"},
                "keystone_authtoken": _authtoken(stack),
            },
        )
        monkeypatch.setenv("OS_PLACEMENT_CONFIG_DIR", str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", f"{ETC / 'wsgi'}:{ETC.parent}")
        application = f"{MODULE}:application"
        options = Options(configuration, tmp_path, application, threads=2, processes=processes)
        with launched(under, options) as server:
            yield Guarded(server, tmp_path)

    return start


def _authtoken(stack) -> dict[str, str]:
    """The section of the stack's own proxy, as that has it."""
    text = (stack.state_dir / "policy-proxy.conf").read_text()
    section = re.search(r"(?ms)^\[keystone_authtoken\]\n(.*?)(?=^\[|\Z)", text)[1]
    return dict(line.split(" = ", 1) for line in section.splitlines() if " = " in line)


def test_it_is_three_lines():
    text = (ETC / "wsgi" / f"{MODULE}.py").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 3


@pytest.mark.parametrize("name", OF_ANY_APPLICATION)
def test_placement_answers_through_the_chain_and_says_no_more(stack, guarded, name):
    if why := SERVERS[name].missing():
        missing(why)
    nova, reader = stack.session("nova"), stack.session("alice-reader")
    provider = str(uuid.uuid4())
    inventories = f"/resource_providers/{provider}/inventories"
    vcpus = {"resource_class": "VCPU", "total": 16}
    with guarded(under=SERVERS[name]) as placement:
        made = placement.ask(
            nova, "POST", "/resource_providers", json={"name": provider, "uuid": provider}
        )
        assert (made.status_code, made.json()["uuid"]) == (200, provider)
        assert made.headers["Location"] == f"{PUBLIC}/resource_providers/{provider}"
        assert made.headers["OpenStack-API-Version"] == "placement 1.39"
        record = placement.record(made)
        assert (record["outcome"], record["credentials"]) == ("allowed", "caller")
        assert record["user_id"] == nova.get_user_id()
        assert f"[{made.headers['X-Openstack-Request-Id']} req-" in placement.log(), "Placement's"

        assert placement.ask(nova, "POST", inventories, json=vcpus).status_code == 201
        again = placement.ask(nova, "POST", inventories, json=vcpus)
        assert again.status_code == 409
        assert again.json()["errors"][0]["code"] == "placement.concurrent_update"
        assert "sqlite" not in again.text.lower()
        assert "UNIQUE constraint failed" in placement.log()

        refused = placement.ask(reader, "DELETE", f"/resource_providers/{provider}")
        assert (refused.status_code, placement.record(refused)["outcome"]) == (403, "denied")
        spoofed = placement.ask(
            reader,
            "DELETE",
            f"/resource_providers/{provider}",
            headers={"X-Roles": "admin", "X_Roles": "admin", "X-Is-Admin-Project": "True"},
        )
        assert spoofed.status_code == 403
        assert placement.ask(Session(), "GET", "/traits", authenticated=False).status_code == 401


def test_of_two_policies_the_narrower_one_decides(stack, guarded):
    """Ours lets readers list and nobody see traits; Placement's is its default."""
    reader, nova = stack.session("alice-reader"), stack.session("nova")
    with guarded(ours=OURS + '"placement:traits:list": "!"\n') as placement:
        answer = placement.ask(reader, "GET", "/resource_providers")
        assert (answer.status_code, placement.record(answer)["outcome"]) == (403, "allowed")
        assert "placement:resource_providers" not in answer.text
        assert placement.ask(nova, "GET", "/resource_providers").status_code == 200
        answer = placement.ask(nova, "GET", "/traits")
        assert (answer.status_code, placement.record(answer)["outcome"]) == (403, "denied")


def test_where_placements_policy_is_open_ours_alone_decides(stack, guarded):
    reader, other = stack.session("alice-reader"), stack.session("collector")
    with guarded(placements='"placement:resource_providers:list": "@"\n') as placement:
        assert placement.ask(reader, "GET", "/resource_providers").status_code == 200
        refused = placement.ask(other, "GET", "/resource_providers")
        assert (refused.status_code, placement.record(refused)["outcome"]) == (403, "denied")
        (placement.folder / "policy.yaml").write_text("{}\n")
        began = time.monotonic()
        eventually(
            lambda: placement.ask(reader, "GET", "/resource_providers").status_code == 403, 10
        )
        assert time.monotonic() - began < 4


def test_a_failure_inside_placement_stays_inside(stack, guarded):
    nova = stack.session("nova")
    with guarded() as placement:
        with closing(sqlite3.connect(placement.folder / "placement.sqlite")) as database:
            database.execute("DROP TABLE resource_providers")
        answer = placement.ask(nova, "GET", "/resource_providers")
        assert answer.status_code == 500
        assert not re.search("sql|table|operational", answer.text, re.IGNORECASE)
        request_id = answer.json()["errors"][0]["request_id"]
        assert answer.headers["X-Openstack-Request-Id"] == request_id
        assert f"{request_id} the service answered 500" in placement.log()
        assert "no such table: resource_providers" in placement.log()
        assert placement.record(answer)["status"] == 500
        assert placement.server.ready(), "as behind a connection: the database is Placement's own"


def test_workers_share_nothing_that_a_fork_would_break(stack, guarded):
    sessions = [stack.session(cloud) for cloud in ("nova", "admin", "alice-reader")]
    for session in sessions:
        session.get_token()

    def workers(placement):
        url = f"{placement.server.url}/healthcheck?detailed=1"
        return {Session().get(url, authenticated=False).json()["worker"] for _ in range(10)}

    with guarded(processes=2) as placement:
        pids = set(placement.server.worker_pids())
        eventually(lambda: workers(placement) == pids)
        assert len(pids) == 2
        with ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(placement.ask, session, "GET", "/resource_providers")
                for _ in range(20)
                for session in sessions
            ]
            statuses = [one.result().status_code for one in asked]
        assert statuses == [200, 200, 403] * 20
        ids = [record["request_id"] for record in placement.records()]
        assert len(ids) == len(set(ids)) == 60
