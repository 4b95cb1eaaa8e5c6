"""Every captured answer of a real Placement, through the whole chain: clean, with its code kept."""

from __future__ import annotations

import json

import pytest

from harness.keystone import Grant
from integration.raw_backend import RawBackend, answering
from unit.placement.captured_errors import ROWS

ANYBODY = Grant("nova", ("admin", "service", "reader"), "alpha")
PRIVATE = (
    "SELECT", "INSERT", "UPDATE ", "[SQL", "[parameters", "sqlite", "sqlalche.me", "codec",
    "int()", "Traceback", "placement:reshaper", "placement:resource", "{'type'",
    "patternProperties'],", "compute-01.secret.internal", "<html", "recursion",
    "database is locked", "Encoding directive",
)  # fmt: skip


def raw_answer(row):
    answer = row["response"]
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    headers = {"X-Secret-Backend": "10.0.0.7", "Server": "Apache/2.4", **answer["headers"]}
    lines = [f"HTTP/1.1 {answer['status']} Whatever"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name != "content-length"]
    lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_captured_answer_comes_out_clean(make_proxy, row):
    sent = row["request"]
    document = sent["body"] if isinstance(sent["body"], dict | list) else None
    headers = {k: v for k, v in sent["headers"].items() if k in {"OpenStack-API-Version", "Accept"}}
    with RawBackend(answering(raw_answer(row))) as backend:
        answer = make_proxy(backend).ask(
            sent["method"], sent["path"], grant=ANYBODY, headers=headers, document=document
        )
    (error,) = answer.json["errors"]
    assert answer.content_type == "application/json"
    assert error["request_id"] == answer.headers["X-Openstack-Request-Id"]
    assert {"status", "title", "code", "detail", "request_id"} <= set(error)
    assert error["status"] == answer.status_int
    said = answer.text + str(answer.headerlist)
    asked = json.dumps(document) + sent["path"]
    for private in (*PRIVATE, "10.0.0.7", "Apache"):
        assert private not in said or private in asked, private
    theirs = row["response"]
    if answer.status_int == theirs["status"] and isinstance(theirs["body"], dict):
        code = theirs["body"].get("errors", [{}])[0].get("code", "placement.undefined_code")
        assert error["code"] == code
