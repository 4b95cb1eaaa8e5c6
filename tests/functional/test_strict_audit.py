"""Strict audit over a backend that records: what is on the disk when, and what is refused."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from docs_from_code import audit
from harness.keystone import Grant
from integration.raw_backend import OK, RawBackend
from policy_proxy.cli import main
from unit.audit.audit_files import new_key

NOBODY = Grant("nobody", ("nothing",), "alpha")
LOST = "audit records could not be written where they should be"
REFUSING = "requests that must be recorded are refused, since audit records cannot be written"


@pytest.fixture
def make(make_proxy, tmp_path):
    """A proxy whose audit file, in a folder of its own, is looked after strictly."""
    (tmp_path / "logs").mkdir()

    def made(backend, strict, **more):
        lines = {"file": log_of(tmp_path), "strict": strict, "timeout": 0.3, **more}
        settings = "\n".join(f"{name} = {value}" for name, value in lines.items())
        return make_proxy(backend, options=f"[audit]\n{settings}")

    return made


def forwarded(backend):
    """What came from a client: the readiness look has no request id."""
    return [raw for raw in backend.requests if b"X-Openstack-Request-Id" in raw]


def log_of(folder):
    return folder / "logs" / "audit.jsonl"


def entries(folder):
    return [json.loads(line) for line in log_of(folder).read_text().splitlines()]


def put(proxy, **more):
    return proxy.ask("PUT", "/traits/CUSTOM_A", **more)


def told(proxy):
    here = {"REMOTE_ADDR": "127.0.0.1"}
    return proxy.ask("GET", "/healthcheck?detailed=1", grant=None, environ=here).json


def test_the_intent_is_there_before_the_backend_is_asked_and_the_outcome_before_the_answer(
    make, tmp_path
):
    then = []

    def script(connection):
        while heard := connection.hear():
            then.extend(entries(tmp_path) if heard.startswith(b"PUT ") else [])
            connection.say(OK)

    with RawBackend(script) as backend:
        answer = put(make(backend, "writes"))

    (intent,) = then
    assert intent["event"] == "intent"
    assert intent["operation"] == "placement:traits:update"
    assert (intent["method"], intent["path"]) == ("PUT", "/traits/CUSTOM_A")
    assert (intent["user_id"], intent["project_id"]) == ("admin-user", "admin-project")
    assert intent["target"]["trait"] == "CUSTOM_A"
    assert intent["revision"] in intent["reason"]
    assert intent["request_id"] == answer.headers["X-Openstack-Request-Id"]
    first, second = entries(tmp_path)
    assert first == intent
    assert (second["event"], second["outcome"], second["status"]) == ("request", "allowed", 200)
    assert {name: second[name] for name in intent.keys() - {"event", "time"}} == {
        name: intent[name] for name in intent.keys() - {"event", "time"}
    }


@pytest.mark.parametrize(
    ("strict", "intents"),
    [("off", []), ("writes", ["PUT"]), ("all", ["GET", "PUT", "GET"])],
)
def test_the_mode_says_which_requests_have_an_intent(make, recorder, tmp_path, strict, intents):
    proxy = make(recorder, strict)
    answers = [
        proxy.ask("GET", "/traits"),
        put(proxy),
        put(proxy, grant=NOBODY),
        put(proxy, grant=None),
        proxy.ask("GET", "/nowhere"),
        proxy.ask("GET", "/", grant=None),
    ]

    assert [answer.status_int for answer in answers] == [200, 200, 403, 401, 404, 200]
    found = entries(tmp_path)
    assert [one["method"] for one in found if one["event"] == "intent"] == intents
    outcomes = [one["outcome"] for one in found if one["event"] == "request"]
    assert outcomes == ["allowed", "allowed", "denied", "rejected", "rejected", "allowed"]
    assert len(forwarded(recorder)) == 3


def without_its_folder(folder):
    shutil.rmtree(log_of(folder).parent)

    def mend():
        log_of(folder).parent.mkdir()

    return mend


def a_folder_itself(folder):
    log_of(folder).unlink()
    log_of(folder).mkdir()
    return log_of(folder).rmdir


def a_pipe_that_nobody_reads(folder):
    log_of(folder).unlink()
    os.mkfifo(log_of(folder))
    return log_of(folder).unlink


FAULTS = [without_its_folder, a_folder_itself, a_pipe_that_nobody_reads]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_write_that_cannot_be_recorded_is_refused(make, recorder, tmp_path, fault):
    proxy = make(recorder, "writes")
    assert put(proxy).status_int == 200
    mend = fault(tmp_path)

    refused = put(proxy)
    assert refused.status_int == 503
    assert refused.headers["Retry-After"] == "5"
    assert refused.json["errors"][0]["detail"] == (
        "This request cannot be recorded now, so it is not carried out."
    )
    assert str(tmp_path) not in refused.text
    assert len(forwarded(recorder)) == 1
    assert proxy.ask("GET", "/traits").status_int == 200
    assert put(proxy, grant=NOBODY).status_int == 403
    assert put(proxy, grant=None).status_int == 401
    assert (told(proxy)["audit"], told(proxy)["warnings"]) == ({"lost": 4}, [LOST, REFUSING])

    mend()
    assert put(proxy).status_int == 200
    assert len(forwarded(recorder)) == 3
    assert told(proxy)["warnings"] == [LOST]
    assert [one.get("lost", one["event"]) for one in entries(tmp_path)] == [4, "intent", "request"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_with_all_a_read_is_refused_too(make, recorder, tmp_path, fault):
    proxy = make(recorder, "all")
    fault(tmp_path)

    assert proxy.ask("GET", "/traits").status_int == 503
    assert forwarded(recorder) == []


def test_without_strict_requests_go_on_and_are_counted(make, recorder, tmp_path):
    proxy = make(recorder, "off")
    log_of(tmp_path).unlink()
    os.mkfifo(log_of(tmp_path))
    proxy.app.reload()

    assert [put(proxy).status_int for _ in range(3)] == [200] * 3
    assert len(forwarded(recorder)) == 3
    assert (told(proxy)["audit"], told(proxy)["warnings"]) == ({"lost": 3}, [LOST])


def test_what_was_done_is_answered_as_it_was_done_and_the_next_write_is_refused(
    make, tmp_path, caplog
):
    def script(connection):
        while heard := connection.hear():
            if heard.startswith(b"PUT "):
                log_of(tmp_path).unlink()
                log_of(tmp_path).mkdir()
            connection.say(OK)

    with RawBackend(script) as backend:
        proxy = make(backend, "writes")
        done = put(proxy)
        warnings = told(proxy)["warnings"]
        refused = put(proxy)
        sent = len(forwarded(backend))

    assert (done.status_int, refused.status_int, sent) == (200, 503, 1)
    assert warnings == [LOST, REFUSING]
    assert done.headers["X-Openstack-Request-Id"] in caplog.text


def test_a_sealed_log_verifies_and_replays_with_its_intents(make, recorder, tmp_path):
    """The fixture holds each record in the main file to the schema; here it is another one."""
    new_key(tmp_path / "key")
    proxy = make(recorder, "all", key_file=tmp_path / "key")
    for _ in range(3):
        put(proxy)
        proxy.ask("GET", "/traits", grant=NOBODY)
    proxy.app.close()

    def run(*words):
        return CliRunner().invoke(main, [*map(str, words)])

    for entry in entries(tmp_path):
        Draft202012Validator(json.loads(audit.schema())).validate(entry)
    log = log_of(tmp_path)
    verified = run("audit", "verify", log, "--key-file", tmp_path / "key", "--ended")
    assert (verified.exit_code, "records: 11, chains: 1, findings: 0" in verified.output) == (
        0,
        True,
    )
    replayed = run("policy", "replay", "--log", log)
    assert "records: 6, gained: 0, lost: 0, as before: 6" in replayed.output
    assert (tmp_path / "key").read_text().strip() not in log.read_text()
