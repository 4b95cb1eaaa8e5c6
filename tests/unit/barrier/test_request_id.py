from __future__ import annotations

import re
import uuid

import pytest

from policy_proxy.barrier.request_id import RequestId, new_request_id
from policy_proxy.model import REQUEST_ID

GOOD = uuid.UUID("5f0b8c5e-7d0f-4a4e-9e0c-2f6f1f3a9b47")  # the same in every process of the tests


def answered(environ, given_headers=()):
    seen = {}

    def app(environ, start_response):
        seen["id"] = environ[REQUEST_ID]
        start_response("200 OK", list(given_headers))
        return [b""]

    def start_response(status, headers, exc_info=None):
        del status, exc_info
        seen["headers"] = headers

    RequestId(app)(environ, start_response)
    return seen


def test_an_id_is_made_and_answered():
    seen = answered({})
    assert re.fullmatch(r"req-[0-9a-f-]{36}", seen["id"])
    assert uuid.UUID(seen["id"][4:]).version == 4
    assert seen["headers"] == [("X-Openstack-Request-Id", seen["id"])]


def test_a_well_formed_id_from_outside_is_kept():
    given = new_request_id()
    assert answered({"HTTP_X_OPENSTACK_REQUEST_ID": given})["id"] == given


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "req-",
        "req-1",
        "req-" + "0" * 36,
        str(GOOD),
        f"req-{GOOD}\n",
        f"req-{GOOD} admin",
        f"REQ-{GOOD}",
        f"req-{GOOD}".upper(),
        f"req-{GOOD},req-{GOOD}",
    ],
)
def test_any_other_id_is_replaced(forged):
    seen = answered({"HTTP_X_OPENSTACK_REQUEST_ID": forged})
    assert seen["id"] != forged
    assert re.fullmatch(r"req-[0-9a-f-]{36}", seen["id"])


def test_the_backends_own_id_gives_way():
    seen = answered({}, [("x-openstack-request-id", "req-of-the-backend"), ("Vary", "x")])
    assert seen["headers"] == [("Vary", "x"), ("X-Openstack-Request-Id", seen["id"])]


def test_the_application_is_told_the_id_in_the_header_too():
    environ = {"HTTP_X_OPENSTACK_REQUEST_ID": "forged"}
    seen = answered(environ)
    assert environ["HTTP_X_OPENSTACK_REQUEST_ID"] == seen["id"]
