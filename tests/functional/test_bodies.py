"""When a body is read at all, and how many at once."""

from __future__ import annotations

import io
import json
import threading
import uuid

import pytest

from harness.proxy import ADMIN, READER

SOMETHING = uuid.UUID("7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e")
CONSUMER = f"/allocations/{SOMETHING}"
OWNERS = '"placement:allocations:update": "role:reader and project_id:%(project_id)s"\n'


class Untouched(io.RawIOBase):
    """A body that nobody may look at."""

    def read(self, size=-1):
        raise AssertionError("the body was read")


def put(proxy, grant, body, target=CONSUMER, method="PUT"):
    length = str(len(body)) if isinstance(body, bytes) else "100"
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    return proxy.ask(
        method,
        target,
        grant=grant,
        headers={"Content-Type": "application/json", "OpenStack-API-Version": "placement 1.39"},
        environ={"wsgi.input": stream, "CONTENT_LENGTH": length},
    )


@pytest.mark.parametrize("target", [CONSUMER, f"/resource_providers/{SOMETHING}/traits"])
def test_whoever_is_refused_cannot_make_the_proxy_read(proxy, recorder, target):
    answer = put(proxy, READER, Untouched(), target)

    assert answer.status_int == 403
    assert [raw for raw in recorder.requests if b"PUT" in raw] == []


def test_nobody_waits_for_what_comes_with_a_get(proxy, recorder):
    environ = {"wsgi.input": Untouched(), "CONTENT_LENGTH": "100"}
    headers = {"Content-Type": "application/json"}

    answer = proxy.ask("GET", "/traits", headers=headers, environ=environ)

    assert answer.status_int == 200
    (raw,) = [raw for raw in recorder.requests if raw.startswith(b"GET /traits")]
    assert b"content-length" not in raw.lower()
    assert raw.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("owner", "status"), [(READER.project, 200), ("beta", 403)])
def test_a_rule_that_names_the_owner_has_the_body_read(
    make_proxy, recorder, tmp_path, owner, status
):
    (tmp_path / "policy.yaml").write_text(OWNERS)
    proxy = make_proxy(recorder)
    body = {"allocations": {}, "project_id": owner, "user_id": "u"}

    answer = put(proxy, READER, json.dumps(body).encode())

    assert answer.status_int == status
    (record,) = proxy.records()
    assert record["target"]["project_id"] == owner
    assert len([raw for raw in recorder.requests if raw.startswith(b"PUT")]) == (status == 200)


@pytest.mark.parametrize(("other", "status"), [(READER.project, 200), ("beta", 403)])
@pytest.mark.parametrize("first", [True, False])
def test_one_consumer_of_another_owner_refuses_them_all(
    make_proxy, recorder, tmp_path, other, status, first
):
    (tmp_path / "policy.yaml").write_text(OWNERS.replace("update", "manage"))
    proxy = make_proxy(recorder)
    projects = [READER.project, other] if first else [other, READER.project]
    body = {
        str(uuid.UUID(int=number)): {"allocations": {}, "project_id": project, "user_id": "u"}
        for number, project in enumerate(projects)
    }

    answer = put(proxy, READER, json.dumps(body).encode(), "/allocations", "POST")

    assert answer.status_int == status
    (record,) = proxy.records()
    assert record["target"].get("project_id") == (READER.project if status == 200 else None)
    assert len([raw for raw in recorder.requests if raw.startswith(b"POST")]) == (status == 200)


class Held(io.RawIOBase):
    """A body whose client takes its time."""

    def __init__(self, go):
        self._go = go
        self.begun = threading.Event()

    def read(self, size=-1):
        self.begun.set()
        assert self._go.wait(20)
        return b"{}"[:size]


def test_slow_bodies_leave_room_for_everything_else(make_proxy, recorder):
    proxy = make_proxy(recorder, options="[limits]\nmax_small_bodies = 2")
    go = threading.Event()
    bodies = [Held(go), Held(go)]
    threads = [threading.Thread(target=put, args=(proxy, ADMIN, body)) for body in bodies]
    for thread in threads:
        thread.start()
    for body in bodies:
        assert body.begun.wait(20)
    try:
        assert proxy.ask("GET", "/traits").status_int == 200
        refused = put(proxy, ADMIN, Untouched())
    finally:
        go.set()
        for thread in threads:
            thread.join(20)

    assert refused.status_int == 503
    assert refused.headers["Retry-After"] == "1"
    assert put(proxy, ADMIN, b"{}").status_int == 200
