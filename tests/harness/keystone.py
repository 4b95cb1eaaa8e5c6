"""A Keystone for tests: the few calls of the Identity API v3 that validating a token takes.

A token carries its grant, encrypted with a key that lives as long as the object: nothing is stored,
and nobody else can make one. The documents have the shape of Keystone's own
(`keystone.common.render_token`, https://docs.openstack.org/api-ref/identity/v3/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import webob
import webob.dec
from cryptography.fernet import Fernet, InvalidToken

from harness import secrets

LIFETIME = timedelta(hours=1)
DOMAIN = {"id": "default", "name": "Default"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: who, with which roles, on a project or (`system`) on the whole system."""

    user: str
    roles: tuple[str, ...] = ()
    project: str = ""
    system: bool = False


class Keystone:
    """A WSGI application.

    :param users: user name -> (password, what the user is granted), for those who may log in.
    """

    def __init__(self, users: Mapping[str, tuple[str, Grant]]) -> None:
        self._users = users
        self._cipher = Fernet(Fernet.generate_key())

    def issue(self, grant: Grant) -> str:
        """A token for the grant."""
        return secrets.register(self._cipher.encrypt(json.dumps(asdict(grant)).encode()).decode())

    def read(self, token: str) -> Grant | None:
        """The grant of a token, or None if it is not one of ours."""
        try:
            claims = json.loads(self._cipher.decrypt(token))
        except InvalidToken:
            return None
        return Grant(**{**claims, "roles": tuple(claims["roles"])})

    @webob.dec.wsgify
    def __call__(self, request: webob.Request) -> webob.Response:
        routes: Mapping[tuple[str, str], Callable[[webob.Request], webob.Response]] = {
            ("GET", "/"): _versions,
            ("GET", "/v3"): _version,
            ("GET", "/v3/auth/tokens"): self._validate,
            ("POST", "/v3/auth/tokens"): self._log_in,
        }
        handler = routes.get((request.method, request.path_info.rstrip("/") or "/"))
        if handler is None:
            return _not_found()
        return handler(request)

    def _log_in(self, request: webob.Request) -> webob.Response:
        claimed = request.json_body["auth"]["identity"]["password"]["user"]
        password, grant = self._users.get(claimed["name"], ("", None))
        if grant is None or claimed["password"] != password:
            return _unauthorized()
        return _answer(
            201, document(grant, request.application_url), {"X-Subject-Token": self.issue(grant)}
        )

    def _validate(self, request: webob.Request) -> webob.Response:
        if self.read(request.headers.get("X-Auth-Token", "")) is None:
            return _unauthorized()
        subject = request.headers.get("X-Subject-Token", "")
        grant = self.read(subject)
        if grant is None:
            return _not_found()
        return _answer(200, document(grant, request.application_url), {"X-Subject-Token": subject})


def document(grant: Grant, url: str) -> dict[str, Any]:
    """The body that the Keystone at `url` answers for a token with this grant."""
    now = datetime.now(UTC)
    token: dict[str, Any] = {
        "methods": ["password"],
        "user": {
            "id": grant.user,
            "name": grant.user,
            "domain": DOMAIN,
            "password_expires_at": None,
        },
        "audit_ids": ["3T2dc1CGQxyJsHdDu1xkcw"],
        "issued_at": _timestamp(now),
        "expires_at": _timestamp(now + LIFETIME),
        "roles": [{"id": role, "name": role} for role in grant.roles],
        "catalog": [_identity_service(url)],
    }
    if grant.system:
        token["system"] = {"all": True}
    else:
        token["project"] = {"id": grant.project, "name": grant.project, "domain": DOMAIN}
        token["is_domain"] = False
    return {"token": token}


def _identity_service(url: str) -> dict[str, Any]:
    endpoints = [
        {"id": interface, "interface": interface, "region_id": "R", "region": "R", "url": url}
        for interface in ("public", "internal", "admin")
    ]
    return {"id": "identity", "type": "identity", "name": "keystone", "endpoints": endpoints}


def _versions(request: webob.Request) -> webob.Response:
    return _answer(300, {"versions": {"values": [_v3(request)]}})


def _version(request: webob.Request) -> webob.Response:
    return _answer(200, {"version": _v3(request)})


def _v3(request: webob.Request) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{request.application_url}/v3/"}],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }
        ],
    }


def _not_found() -> webob.Response:
    error = {"code": 404, "title": "Not Found", "message": "Could not find it."}
    return _answer(404, {"error": error})


def _unauthorized() -> webob.Response:
    message = "The request you have made requires authentication."
    error = {"code": 401, "title": "Unauthorized", "message": message}
    return _answer(401, {"error": error}, {"WWW-Authenticate": "Keystone uri=http://localhost"})


def _answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> webob.Response:
    response = webob.Response(status=status, json=body)
    response.headers.update(headers or {})
    return response


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
