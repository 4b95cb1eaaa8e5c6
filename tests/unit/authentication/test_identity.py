from __future__ import annotations

from types import SimpleNamespace

import pytest
from keystoneauth1 import access

from harness.keystone import Grant, document
from policy_proxy.authentication.identity import identity_of, lasts_until
from policy_proxy.errors import Unavailable


def token_auth(body, service=None):
    return SimpleNamespace(
        user=access.create(body=body, auth_token="t"),
        service=access.create(body=service, auth_token="s") if service else None,
    )


def test_a_project_token():
    body = document(Grant("alice", ("member", "reader"), "alpha"), "http://keystone")
    identity = identity_of(token_auth(body), "t", "")
    assert (identity.user_id, identity.project_id) == ("alice", "alpha")
    assert identity.roles == ("member", "reader")
    assert identity.system_scope == identity.domain_id == identity.service_user_id == ""
    assert identity.token == "t"


def test_a_system_token():
    identity = identity_of(
        token_auth(document(Grant("root", ("admin",), system=True), "http://keystone")), "t", ""
    )
    assert (identity.system_scope, identity.project_id) == ("all", "")


def test_a_system_scoped_service_token_gives_the_user_no_scope():
    identity = identity_of(
        token_auth(
            document(Grant("alice", ("reader",), "alpha"), "http://keystone"),
            document(Grant("nova", ("service", "admin"), system=True), "http://keystone"),
        ),
        "t",
        "s",
    )
    assert identity.system_scope == ""
    assert identity.roles == ("reader",)
    assert identity.service_roles == ("service", "admin")


def test_a_role_with_a_comma_is_one_role():
    body = document(Grant("alice", ("reader,admin",), "alpha"), "http://keystone")
    assert identity_of(token_auth(body), "t", "").roles == ("reader,admin",)


def test_tokens_are_not_shown():
    body = document(Grant("alice", (), "alpha"), "http://keystone")
    assert "s3cret" not in repr(identity_of(token_auth(body), "s3cret", "s3cret"))


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.pop("user"),
        lambda token: token["user"].update(id=None),
        lambda token: token["user"].update(id=7),
        lambda token: token.update(user="alice"),
        lambda token: token.update(roles=[{"name": None}]),
        lambda token: token.update(roles=[{}]),
        lambda token: token.update(roles=7),
        lambda token: token["project"].update(id=["alpha"]),
        lambda token: token.update(expires_at=None),
    ],
)
def test_an_answer_that_cannot_be_used_is_no_identity(change):
    body = document(Grant("alice", ("reader",), "alpha"), "http://keystone")
    change(body["token"])
    with pytest.raises(Unavailable):
        identity_of(token_auth(body), "t", "")


def with_rules(rules):
    body = document(Grant("alice", ("reader",), "alpha"), "http://keystone")
    body["token"]["application_credential"] = {"id": "x", "name": "x"} | rules
    return body


def bound():
    body = document(Grant("alice", ("reader",), "alpha"), "http://keystone")
    body["token"]["bind"] = {"kerberos": "alice"}
    return body


PLAIN = document(Grant("alice", ("reader",), "alpha"), "http://keystone")


@pytest.mark.parametrize("body", [PLAIN, with_rules({}), with_rules({"access_rules": None})])
def test_what_the_token_alone_says_lasts_as_long_as_it(body):
    until = lasts_until(token_auth(body))
    assert until == access.create(body=body, auth_token="t").expires.timestamp()


def test_it_lasts_no_longer_than_the_service_token():
    service = document(Grant("nova", ("service",), "service"), "http://keystone")
    service["token"]["expires_at"] = "2026-01-01T00:00:00.000000Z"
    assert lasts_until(token_auth(PLAIN, service)) == 1767225600


@pytest.mark.parametrize(
    "auth",
    [
        token_auth(with_rules({"access_rules": []})),
        token_auth(with_rules({"access_rules": [{"service": "placement"}]})),
        token_auth(bound()),
        token_auth(PLAIN, bound()),
        token_auth(PLAIN, with_rules({"access_rules": []})),
    ],
)
def test_what_depends_on_the_request_does_not_last(auth):
    assert lasts_until(auth) == 0
