"""What a Keystone may answer about the token of a reader of the project alpha, and what follows.

Keystone itself would say little of this: something between may, or an older or newer release, or
whoever got hold of it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.keystone import DOMAIN, Grant, document

IN, REFUSED, DENIED, USELESS = 200, 401, 403, 503
"""What a client is told who asks for what readers of alpha may: only the first is let in."""
READER = Grant("reader-user", ("reader",), "alpha")
_GOOD = document(READER, "http://keystone.example")
_RULE = {"id": "1", "service": "placement", "method": "GET", "path": "/usages"}


@dataclass(frozen=True, slots=True)
class Odd:
    """
    :param required: the status for what a reader of alpha may.
    :param recorded: fields of the audit record, where they are not those of the reader.
    :param status: of Keystone's answer.
    :param of_admins: the status for what only an admin may.
    """

    answer: bytes
    required: int
    recorded: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    of_admins: int = 0

    @property
    def required_of_admins(self) -> int:
        return self.of_admins or (DENIED if self.required == IN else self.required)


def _told(required: int, change: Callable[[dict[str, Any]], Any], **recorded: Any) -> Odd:
    """A document whose token is not quite the reader's."""
    told = copy.deepcopy(_GOOD)
    change(told["token"])
    return Odd(json.dumps(told).encode(), required, recorded)


def _with(required: int, **fields: Any) -> Odd:
    return _told(required, lambda token: token.update(fields))


def _without(required: int, name: str, **recorded: Any) -> Odd:
    return _told(required, lambda token: token.pop(name), **recorded)


def _roles(required: int, *names: Any) -> Odd:
    roles = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    return _told(required, lambda token: token.update(roles=roles), roles=list(names))


def _user(required: int, **fields: Any) -> Odd:
    recorded = {"user_id": fields["id"]} if "id" in fields else {}
    return _told(required, lambda token: token["user"].update(fields), **recorded)


def _project(required: int, number: Any) -> Odd:
    recorded = {"project_id": number} if isinstance(number, str) else {"project_id": ""}
    return _told(required, lambda token: token["project"].update(id=number), **recorded)


def _system(required: int, value: Any, recorded: str) -> Odd:
    return _told(required, lambda token: token.update(system=value), system_scope=recorded)


def _restricted(required: int, rules: Any, of_admins: int = 0) -> Odd:
    """The token of an application credential with such access rules, where there is a Placement."""

    def change(token: dict[str, Any]) -> None:
        token["application_credential"] = {"id": "x", "access_rules": rules}
        token["catalog"].append({"type": "placement", "name": "placement", "endpoints": []})

    return replace(_told(required, change), of_admins=of_admins)


def _whole(required: int, answer: bytes, status: int = 200) -> Odd:
    return Odd(answer, required, {}, status)


_TEXT = json.dumps(_GOOD).encode()
_ADMIN = json.dumps(document(Grant("admin-user", ("admin",), "alpha"), "http://x")).encode()
_V2 = {
    "token": {"id": "x", "expires": "2099-01-01T00:00:00Z", "tenant": {"id": "alpha"}},
    "user": {"id": "u", "name": "u", "roles": [{"name": "admin"}]},
}

ODD = {
    "a good one": _whole(IN, _TEXT),
    # how long
    "expired": _with(REFUSED, expires_at="2001-01-01T00:00:00.000000Z"),
    "expires null": _with(USELESS, expires_at=None),
    "expires empty": _with(USELESS, expires_at=""),
    "expires a number": _with(USELESS, expires_at=99999999999),
    "expires in the year 99999": _with(USELESS, expires_at="99999-01-01T00:00:00Z"),
    "expires without a zone": _with(IN, expires_at="2099-01-01T00:00:00"),
    "no expiry": _without(USELESS, "expires_at"),
    # roles
    "a role with a comma": _roles(DENIED, "reader,admin"),
    "a role with a blank": _roles(DENIED, "admin "),
    "a role with a newline": _roles(DENIED, "reader\nadmin"),
    "a role with NUL": _roles(DENIED, "reader\0"),
    "a role in capitals": _roles(IN, "READER"),
    "a role that looks alike": _roles(DENIED, "\u0280eader"),
    "a role with a wide letter": _roles(DENIED, "\uff52eader"),
    "a role of a surrogate": _roles(DENIED, "\ud800"),
    "a role without a name": _roles(USELESS, None),
    "a role with an empty name": _roles(USELESS, "", "reader"),
    "a role whose name is a list": _roles(USELESS, ["reader"]),
    "a role whose name is a number": _roles(USELESS, 7),
    "no roles": _roles(DENIED),
    "roles null": _with(USELESS, roles=None),
    "roles a dict": _with(USELESS, roles={"name": "reader"}),
    "roles a text": _with(USELESS, roles="reader"),
    "roles of text": _with(USELESS, roles=["reader"]),
    "20,000 roles": _roles(IN, *(f"r{number}" for number in range(20000)), "reader"),
    # who
    "user null": _with(USELESS, user=None),
    "no user": _without(USELESS, "user"),
    "user a text": _with(USELESS, user="reader-user"),
    "user without an id": _user(USELESS, id=None),
    "user with an empty id": _user(USELESS, id=""),
    "user id a number": _user(USELESS, id=7),
    "user name with a header": _user(IN, name="a\r\nX-Roles: admin"),
    "user id with a header": _user(IN, id="a\r\nX-Roles: admin"),
    # where
    "no project": _without(DENIED, "project", project_id=""),
    "project null": _told(DENIED, lambda token: token.update(project=None), project_id=""),
    "project a list": _with(USELESS, project=["alpha"]),
    "project a text": _with(USELESS, project="alpha"),
    "project id a number": _project(USELESS, 7),
    "project id a list": _project(USELESS, ["alpha"]),
    "project id null": _project(DENIED, None),
    "project id empty": _project(DENIED, ""),
    "project id 'None'": _project(DENIED, "None"),
    "project id with a newline": _project(DENIED, "alpha\n"),
    "project and system": _system(DENIED, {"all": True}, "all"),
    "system not true": _system(IN, {"all": "true"}, ""),
    "system empty": _system(IN, {}, ""),
    "system a list": _system(USELESS, ["all"], ""),
    "system a text": _system(USELESS, "all", ""),
    "project and domain": _with(DENIED, domain=DOMAIN),
    "a project that acts as a domain": _with(IN, is_domain=True),
    # access rules, binding, trust
    "access rules of this": _restricted(IN, [_RULE], REFUSED),
    "access rules of another path": _restricted(REFUSED, [_RULE | {"path": "/traits"}]),
    "access rules of another method": _restricted(REFUSED, [_RULE | {"method": "PUT"}]),
    "access rules of another service": _restricted(REFUSED, [_RULE | {"service": "compute"}]),
    "access rules empty": _restricted(REFUSED, []),
    "access rules null": _restricted(IN, None),
    "access rules false": _restricted(USELESS, False),
    "access rules zero": _restricted(USELESS, 0),
    "access rules a number": _restricted(USELESS, 7),
    "access rules a text": _restricted(USELESS, "x"),
    "access rules a dict": _restricted(REFUSED, {}),
    "access rules of nulls": _restricted(USELESS, [None]),
    "access rules of empty ones": _restricted(USELESS, [{}]),
    "access rules with a path of null": _restricted(USELESS, [_RULE | {"path": None}], REFUSED),
    "application credential a text": _with(USELESS, application_credential="x"),
    "application credential a list": _with(USELESS, application_credential=[1]),
    "bound to a ticket": _with(REFUSED, bind={"kerberos": "x"}),
    "bound to a text": _with(USELESS, bind="x"),
    "of a trust": _with(IN, **{"OS-TRUST:trust": {"id": "1", "impersonation": True}}),
    # the whole
    "a catalogue of null": _with(USELESS, catalog=None),
    "token null": _whole(USELESS, b'{"token": null}'),
    "token a list": _whole(USELESS, b'{"token": []}'),
    "token a text": _whole(USELESS, b'{"token": "x"}'),
    "token empty": _whole(USELESS, b'{"token": {}}'),
    "token twice, the last good": _whole(IN, b'{"token": {}, ' + _TEXT[1:]),
    "token twice, the first admin's": _whole(IN, _ADMIN[:-1] + b", " + _TEXT[1:]),
    "in a list": _whole(USELESS, b"[" + _TEXT + b"]"),
    "as a text": _whole(USELESS, json.dumps(_TEXT.decode()).encode()),
    "of version 2": _whole(USELESS, json.dumps({"access": _V2}).encode()),
    "null": _whole(USELESS, b"null"),
    "nothing": _whole(USELESS, b""),
    "an empty object": _whole(USELESS, b"{}"),
    "HTML": _whole(USELESS, b"<html>It works!</html>"),
    "cut off": _whole(USELESS, _TEXT[:-2]),
    "more after it": _whole(USELESS, _TEXT + _ADMIN),
    "with a BOM": _whole(IN, b"\xef\xbb\xbf" + _TEXT),
    "in UTF-16": _whole(IN, _TEXT.decode().encode("utf-16")),
    "not in UTF-8": _whole(USELESS, b"\xff\xfe"),
    "with NaN": _with(IN, x=float("nan")),
    "nested deeply": _whole(USELESS, b'{"token": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a good one that was not found": _whole(REFUSED, _TEXT, 404),
    "a good one that is an error": _whole(USELESS, _TEXT, 500),
}
