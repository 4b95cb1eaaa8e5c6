from __future__ import annotations

import pytest

from policy_proxy.errors import Internal, Malformed
from policy_proxy.model import (
    CREDENTIALS_SENT,
    DECISION,
    IDENTITY,
    ORIGINAL,
    REQUEST,
    SNAPSHOT,
    BodyRule,
    Decision,
    Effect,
    Identity,
    Operation,
    Request,
)
from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.mentions import Mentions
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.terminals.verdict import Verdict, without_bodies

READ = Operation("x", "GET", "/traits")
WRITE = Operation("x", "PUT", "/traits", BodyRule.REQUIRED, body_attributes=frozenset({"owner"}))
BLIND = Verdict(sees_bodies=False, tells=False)
SEEING = Verdict(sees_bodies=True, tells=False)


def environ_of(operation=READ, original="/traits", body=None, mentions=None, **more):
    request = Request(operation, operation.method, "/traits", {}, (), "", body)
    return {
        REQUEST: request,
        DECISION: Decision("x", Effect.ALLOW),
        IDENTITY: Identity(token="t"),
        SNAPSHOT: PolicySnapshot("r", 0.0, {}, {}, {"x": mentions or Mentions()}),
        ORIGINAL: original,
        "PATH_INFO": "/traits",
        "QUERY_STRING": "name=in%3AA%2CB",
        **more,
    }


def said(environ, verdict=BLIND):
    started = []
    body = verdict(environ, lambda status, headers: started.append((status, dict(headers))))
    assert b"".join(body) == b""
    ((status, headers),) = started
    assert status == "200 OK"
    return headers


def refused(environ, verdict=BLIND, kind=Malformed):
    with pytest.raises(kind):
        verdict(environ, None)
    assert CREDENTIALS_SENT not in environ


def test_yes_says_nothing_more():
    environ = environ_of()
    assert said(environ) == {"Content-Length": "0"}
    assert environ[CREDENTIALS_SENT] == "caller"


def test_a_public_operation_has_no_credentials():
    environ = environ_of(Operation("", "GET", "/traits", public=True))
    del environ[IDENTITY], environ[DECISION], environ[SNAPSHOT]
    said(environ)
    assert environ[CREDENTIALS_SENT] == "none"


def test_without_a_decision_there_is_no_yes():
    refused({**environ_of(), DECISION: Decision("x")}, kind=Internal)


def test_a_front_end_that_can_forward_it_is_told_what_is_allowed():
    tells = Verdict(sees_bodies=False, tells=True)
    told = {"Content-Length": "0", "X-Policy-Proxy-Target": "traits?name=in%3AA%2CB"}
    assert said(environ_of(), tells) == told
    version = {"HTTP_OPENSTACK_API_VERSION": "placement 1.39"}
    more = {"OpenStack-API-Version": "placement 1.39"}
    assert said(environ_of(**version), tells) == told | more
    assert said(environ_of(QUERY_STRING=""), tells)["X-Policy-Proxy-Target"] == "traits"


@pytest.mark.parametrize("original", ["/%74raits", "/traits/", "/Traits", "", None])
def test_another_spelling_of_the_path_is_refused(original):
    refused(environ_of(original=original))


def test_a_rule_that_looks_at_a_body_is_not_decided_without_one():
    for mentions in (Mentions(frozenset({"owner"})), Mentions(anything=True)):
        refused(environ_of(WRITE, mentions=mentions), kind=Internal)
        said(environ_of(WRITE, body=b"{}", mentions=mentions), SEEING)
    said(environ_of(WRITE, mentions=Mentions(frozenset({"trait"}))))
    said(environ_of(READ, mentions=Mentions(anything=True)))


@pytest.mark.parametrize("body", [None, b""])
def test_a_body_that_should_have_come_along_is_missed(body):
    refused(environ_of(WRITE, body=body), SEEING)
    said(environ_of(READ, body=body), SEEING)


def test_what_comes_from_bodies_is_not_supplied_to_those_who_see_none():
    blind = without_bodies(SERVICE).attributes
    changed = {rule for rule, names in SERVICE.attributes.items() if names != blind[rule]}
    assert changed == {"placement:allocations:manage", "placement:allocations:update"}
    assert blind["placement:allocations:manage"] == set()
    assert blind["placement:allocations:update"] == {"consumer.uuid"}
