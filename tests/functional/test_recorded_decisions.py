"""What the chain records is enough to decide again, and says what was decided."""

from __future__ import annotations

import json

import pytest

from harness.proxy import ADMIN, READER
from integration.raw_backend import RawBackend, answering
from policy_proxy.audit.reading import record_of
from policy_proxy.audit.record import record
from policy_proxy.cli.policy.log_options import bodies
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import REQUEST_ID
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.build import build
from policy_proxy.policy.credentials import LISTS, TEXTS
from policy_proxy.policy.replay.replay import Replay
from policy_proxy.policy.source import read

UUID = "6c1b8ea4-3d41-4a8f-9b6e-0e7d5e6a1b2c"
POLICY = """\
"placement:traits:list": "role:admin or service_user_domain_id:default"
"placement:allocations:update": "role:admin and project_id:%(project_id)s"
"""
NOTHING = b""
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture
def replayed(tmp_path):
    """The audit file decided again by the policy in force."""

    def replay():
        settings = PolicySettings(str(tmp_path / "policy.yaml"), (), "default", True, 1.0, True)
        sources = read(settings)
        snapshot = build(sources, settings, SERVICE.defaults, SERVICE.attributes)
        found = Replay(snapshot, bodies())
        for number, line in enumerate((tmp_path / "audit.jsonl").open("rb"), start=1):
            found.take("audit.jsonl", number, record_of(line))
        return found

    return replay


def test_a_record_has_every_attribute_that_a_check_string_may_name():
    entry = record({REQUEST_ID: "req-1"}, "error", 500, 1.0)

    assert {*TEXTS, *LISTS, "is_admin_project"} <= entry.keys()


def test_every_request_is_decided_again_as_it_was(make_proxy, recorder, tmp_path, replayed):
    (tmp_path / "policy.yaml").write_text(POLICY)
    proxy = make_proxy(recorder)
    owner = {"project_id": ADMIN.project, "user_id": "u", "consumer_generation": None}
    version = {"OpenStack-API-Version": "placement 1.28"}
    for method, path, more in (
        ("GET", "/", {"grant": None}),
        ("GET", "/traits", {}),
        ("GET", "/traits", {"grant": READER}),
        ("GET", "/traits", {"grant": None}),
        ("GET", "/nowhere", {}),
        ("PATCH", "/traits", {}),
        ("GET", f"/usages?project_id={READER.project}", {"grant": READER}),
        ("GET", "/usages?project_id=other", {"grant": READER}),
        ("PUT", f"/allocations/{UUID}", {"document": owner, "headers": version}),
        (
            "PUT",
            f"/allocations/{UUID}",
            {"document": owner | {"project_id": "other"}, "headers": version},
        ),
        ("DELETE", f"/resource_providers/{UUID}", {}),
    ):
        proxy.ask(method, path, **more)

    found = replayed()

    assert (found.flips.gained, found.flips.lost, found.undecided.count) == (0, 0, 0)
    assert (found.records, found.not_asked) == (11, 4)
    assert found.same == {True: 4, False: 3}


@pytest.mark.parametrize("answer", [NOTHING, BROKEN])
def test_a_request_that_failed_behind_policy_was_allowed(make_proxy, replayed, answer):
    with RawBackend(answering(answer)) as backend:
        proxy = make_proxy(backend)
        proxy.ask("GET", "/traits")

    (entry,) = proxy.records()
    assert entry["outcome"] == "error"
    assert replayed().same == {True: 1, False: 0}
    assert json.dumps(entry).count(entry["revision"]) == 2
