from __future__ import annotations

import pytest
import webob

from policy_proxy.barrier.error_barrier import ErrorBarrier
from policy_proxy.barrier.headers import VERDICT
from policy_proxy.barrier.told import HEADER, Told
from policy_proxy.errors import Denied, Malformed, Unauthenticated
from policy_proxy.model import REQUEST_ID
from policy_proxy.placement.service import SERVICE


def answer(app, method="GET"):
    told = Told(ErrorBarrier(app, SERVICE, shown=VERDICT))
    return webob.Request.blank("/", method=method, environ={REQUEST_ID: "req-1"}).get_response(told)


@pytest.mark.parametrize("refusal", [Denied("no"), Malformed("é\r\n\0"), Unauthenticated("who?")])
def test_the_body_of_a_refusal_stands_in_its_head_too(refusal):
    def app(environ, start_response):
        raise refusal

    refused = answer(app)
    assert refused.status_int == refusal.status
    assert refused.headers[HEADER] == refused.text
    assert refused.headers[HEADER].isprintable()
    assert refused.json["errors"][0]["detail"] == refusal.detail


def test_a_refusal_without_a_body_stands_there_empty():
    def app(environ, start_response):
        raise Denied("no")

    assert answer(app, "HEAD").headers[HEADER] == ""


def test_of_a_yes_only_what_is_meant_for_the_front_end_is_said():
    def app(environ, start_response):
        headers = {"X-Policy-Proxy-Target": "traits", "Location": "http://inside", "X-Roles": "a"}
        start_response("200 OK", list(headers.items()))
        return []

    told = answer(app)
    assert dict(told.headers) == {"X-Policy-Proxy-Target": "traits"}
