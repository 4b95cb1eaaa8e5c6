"""A policy that is tried beside the one in force: what it says is noted, and changes nothing."""

from __future__ import annotations

import json
import time

import pytest

from harness.keystone import Grant
from harness.proxy import ADMIN, READER
from harness.stack import eventually
from integration.raw_backend import RawBackend, answering
from policy_proxy.policy import shadow

UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"
LISTING = "placement:traits:list"
FOR_READERS = f'"{LISTING}": "role:reader and not role:admin"\n'
BY_OWNER = '"placement:allocations:update": "project_id:%(project_id)s"\n'
SERVICE = Grant("nova-user", ("service",), "service")
ALLOCATIONS = {
    "allocations": {UUID: {"resources": {"VCPU": 1}}},
    "project_id": "alpha",
    "user_id": "reader-user",
    "consumer_generation": None,
    "consumer_type": "INSTANCE",
}
VERSION = {"OpenStack-API-Version": "placement 1.39"}


@pytest.fixture
def trial(make_proxy, recorder, tmp_path):
    """Build a proxy with this text as its candidate; None for a file that is not there."""

    def make(text):
        if text is not None:
            (tmp_path / "candidate.yaml").write_text(text)
        options = f"[policy]\nwatch_interval = 0.05\ncandidate_file = {tmp_path}/candidate.yaml\n"
        proxy = make_proxy(recorder, options=options)
        begun(proxy)
        return proxy

    return make


def begun(proxy):
    """Wait until the candidate was looked at: the start does not."""
    eventually(lambda: health(proxy)["candidate"]["state"] != "not loaded")


def health(proxy):
    answer = proxy.ask("GET", "/healthcheck?detailed=1", grant=None, environ={"REMOTE_ADDR": "::1"})
    return answer.json


def test_where_it_differs_the_record_says_so(trial):
    proxy = trial(FOR_READERS)
    assert proxy.ask("GET", "/traits", grant=ADMIN).status_code == 200
    assert proxy.ask("GET", "/traits", grant=READER).status_code == 403
    assert proxy.ask("GET", "/resource_classes", grant=ADMIN).status_code == 200
    lost, gained, same = proxy.records()
    revision = health(proxy)["candidate"]["revision"]
    assert lost["candidate"] == {
        "revision": revision,
        "effect": "denied",
        "reason": f"rule {LISTING} of revision {revision} denies",
    }
    assert (lost["outcome"], lost["status"]) == ("allowed", 200)
    assert gained["candidate"]["effect"] == "allowed"
    assert (gained["outcome"], gained["status"]) == ("denied", 403)
    assert "candidate" not in same


def test_it_is_counted_by_rule_and_direction(trial):
    proxy = trial(FOR_READERS)
    for grant in (ADMIN, READER, READER):
        proxy.ask("GET", "/traits", grant=grant)
    proxy.ask("GET", "/resource_classes", grant=ADMIN)
    found = health(proxy)["candidate"]
    assert (found["state"], found["decided"], found["skipped"]) == ("tried", 4, 0)
    assert found["otherwise"] == {LISTING: {"allowed": 2, "denied": 1}}


def test_who_has_not_shown_who_they_are_is_not_decided(trial):
    proxy = trial(FOR_READERS)
    assert proxy.ask("GET", "/traits", grant=None).status_code == 401
    assert proxy.ask("GET", "/", grant=None).status_code == 200
    assert proxy.ask("GET", "/nothing").status_code == 404
    assert all("candidate" not in record for record in proxy.records())
    assert health(proxy)["candidate"]["decided"] == 0


def test_what_the_body_says_counts_if_it_was_read(trial):
    proxy = trial(BY_OWNER)
    path = f"/allocations/{UUID}"
    asked = {"headers": VERSION, "document": ALLOCATIONS}
    assert proxy.ask("PUT", path, grant=SERVICE, **asked).status_code == 200
    assert proxy.ask("PUT", path, grant=READER, **asked).status_code == 403
    allowed, denied = (record["candidate"] for record in proxy.records())
    assert allowed["effect"] == "denied", "the owner in the body is another project"
    assert denied["effect"] == "undecided", "nobody read the body of whom policy refuses"
    assert "body" in denied["reason"]
    assert health(proxy)["candidate"]["otherwise"] == {
        "placement:allocations:update": {"denied": 1, "undecided": 1}
    }


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "candidate.yaml"),
        ("[", "candidate.yaml"),
        (f'"{LISTING}": "rule:nowhere"\n', "nowhere"),
        (f'"{LISTING}": "http://127.0.0.1:1/"\n', "http"),
        ('"placement:nothing:here": "@"\n', "placement:nothing:here"),
    ],
    ids=["missing", "broken", "dangling", "remote", "unknown"],
)
def test_one_that_cannot_be_used_harms_nothing_and_says_so(trial, text, word):
    proxy = trial(text)
    assert proxy.ask("GET", "/traits", grant=ADMIN).status_code == 200
    assert proxy.ask("GET", "/traits", grant=READER).status_code == 403
    found = health(proxy)
    assert not any("policy" in reason for reason in found["reasons"]), "the proxy is ready"
    assert all("candidate" not in record for record in proxy.records())
    assert found["candidate"]["state"] == "refused"
    assert any("candidate" in warning for warning in found["warnings"])
    assert any(word in problem for problem in found["candidate"]["because"])


def test_one_that_cannot_even_be_looked_at_does_not_stop_the_start(make_proxy, recorder):
    proxy = make_proxy(recorder, options="[policy]\ncandidate_file = a\0b\n")
    begun(proxy)
    assert proxy.ask("GET", "/traits", grant=ADMIN).status_code == 200
    found = health(proxy)
    assert found["candidate"]["state"] == "refused"
    assert any("candidate" in warning for warning in found["warnings"])


def test_one_that_is_mended_is_tried_and_one_that_is_broken_is_kept_as_it_was(trial, tmp_path):
    proxy = trial("[")
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(FOR_READERS)
    eventually(lambda: health(proxy)["candidate"]["state"] == "tried")
    proxy.ask("GET", "/traits", grant=ADMIN)
    candidate.write_text("[")
    eventually(lambda: health(proxy)["candidate"]["state"] == "refused")
    proxy.ask("GET", "/traits", grant=ADMIN)
    assert [record["candidate"]["effect"] for record in proxy.records()] == ["denied", "denied"]


@pytest.mark.parametrize("text", ["{}\n", "# in other words\n{}\n"])
def test_one_that_says_the_same_leaves_no_trace_in_the_record(trial, text):
    proxy = trial(text)
    proxy.ask("GET", "/traits", grant=ADMIN)
    assert "candidate" not in proxy.records()[0]
    found = health(proxy)["candidate"]
    assert (found["decided"], found["otherwise"]) == (1, {})


def test_one_that_fails_leaves_the_answer_as_it_was(trial, monkeypatch):
    proxy = trial(FOR_READERS)

    def fails(*_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(shadow, "decide", fails)
    assert proxy.ask("GET", "/traits", grant=ADMIN).status_code == 200
    (record,) = proxy.records()
    assert (record["outcome"], record["candidate"]["effect"]) == ("allowed", "undecided")


def busy():
    until = time.thread_time() + 0.02
    while time.thread_time() < until:
        pass


def waiting():
    time.sleep(0.06)


@pytest.mark.parametrize("delay", [busy, waiting])
def test_one_that_is_slow_is_asked_less(trial, monkeypatch, delay):
    proxy = trial(FOR_READERS)
    honest = shadow.decide

    def slow(*arguments):
        delay()
        return honest(*arguments)

    monkeypatch.setattr(shadow, "decide", slow)
    for _ in range(4):
        assert proxy.ask("GET", "/traits", grant=ADMIN).status_code == 200
    found = health(proxy)["candidate"]
    assert (found["decided"], found["skipped"]) == (1, 3)
    assert ["candidate" in record for record in proxy.records()] == [True, False, False, False]


def test_without_one_nothing_is_told_of_it(proxy):
    proxy.ask("GET", "/traits")
    assert "candidate" not in health(proxy)
    assert json.dumps(proxy.records()[0]).count("candidate") == 0


def test_a_streamed_answer_has_its_note_too(make_proxy, tmp_path):
    (tmp_path / "candidate.yaml").write_text(FOR_READERS)
    big = b"[" + b" " * 400_000 + b"]"
    with RawBackend(answering(_counted(big))) as backend:
        options = f"[policy]\ncandidate_file = {tmp_path}/candidate.yaml\n"
        proxy = make_proxy(backend, options=options)
        begun(proxy)
        assert proxy.ask("GET", "/traits", grant=ADMIN).body == big
    assert proxy.records()[0]["candidate"]["effect"] == "denied"


def _counted(body):
    lines = [
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
