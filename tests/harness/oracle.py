"""What Placement would make of the bytes that a backend got: its own router, and WebOb.

What was decided, as the audit record has it, must be what that is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import microversion_parse
import webob
from keystonemiddleware.auth_token._request import _AuthTokenRequest as AuthTokenRequest
from oslo_context import context
from placement import handler

from policy_proxy.placement.service import SERVICE

_PREFIXES = ("", "-Service")
BELIEVED = {
    *(name % prefix for name in AuthTokenRequest._HEADER_TEMPLATE for prefix in _PREFIXES),
    *(AuthTokenRequest._ROLES_TEMPLATE % prefix for prefix in _PREFIXES),
    *AuthTokenRequest._DEPRECATED_HEADER_MAP,
    AuthTokenRequest._USER_STATUS_HEADER,
    AuthTokenRequest._SERVICE_STATUS_HEADER,
    AuthTokenRequest._ADMIN_PROJECT_HEADER,
    AuthTokenRequest._SYSTEM_SCOPE_HEADER,
    AuthTokenRequest._SERVICE_CATALOG_HEADER,
    *(name for names in context._ENVIRON_HEADERS.values() for name in names if "HTTP_" in name),
    *("Remote-User", "X-Trust-Id", "X-Forwarded-Method", "X-Forwarded-Uri", "Forwarded"),
    *("X-Forwarded-Host", "X-Forwarded-Prefix"),
    *("X-Http-Method", "X-Http-Method-Override", "X-Method-Override"),
    *("X-Original-Method", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url"),
    *("Upgrade", "Te", "Expect", "Proxy-Connection", "Keep-Alive"),
} - {"HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"}
"""Headers that somebody could believe: the libraries' own lists of who sends a request, what asks
for another one, and what is about a connection. In the spelling of a header, or of WSGI.
"""
_ROUTER = handler.make_map(handler.ROUTE_DECLARATIONS)
_ROUTES = {(each.rule, each.method, each.template) for each in SERVICE.operations}


@dataclass(frozen=True, slots=True)
class Received:
    """One request; `fields` with names in lower case, as often as they came."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def read(cls, raw: bytes) -> Received:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        pairs = (line.partition(":")[::2] for line in lines)
        fields = tuple((name.lower(), value.strip()) for name, value in pairs)
        return cls(method, target, version, fields, body)

    @property
    def path(self) -> str:
        """Decoded, as WSGI has it."""
        return unquote_to_bytes(self.target.partition("?")[0]).decode("latin-1")

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def headers(self) -> dict[str, str]:
        """The fields by name, where none came twice."""
        found = dict(self.fields)
        assert len(found) == len(self.fields), "a header came twice"
        return found

    def values(self, name: str) -> list[str]:
        """Of all headers that a WSGI server takes for the one with this name."""
        return [value for field, value in self.fields if _wsgi(field) == _wsgi(name)]

    def environ(self) -> dict[str, Any]:
        """What a WSGI server makes of it (PEP 3333)."""
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "placement.example.org",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
        }
        for name, value in self.fields:
            key = name.upper().replace("-", "_")
            plain = key in ("CONTENT_LENGTH", "CONTENT_TYPE")
            environ[key if plain else f"HTTP_{key}"] = value
        return environ

    @property
    def is_framed(self) -> bool:
        """Whether the body is as long as it says."""
        lengths = self.values("content-length")
        if self.values("transfer-encoding") == ["chunked"]:
            return self.body.endswith(b"0\r\n\r\n") and not lengths
        return len(self.body) == int(lengths[0] if lengths else 0)


def differences(received: Received, record: Mapping[str, Any]) -> Iterator[str]:
    """What Placement reads otherwise than it was decided, a sentence each."""
    method, path, environ = received.method, received.path, received.environ()
    found = _ROUTER.match(environ={"REQUEST_METHOD": method, "PATH_INFO": path})
    if found is None:
        yield f"Placement has no {method} {path!r}"
        return
    template = _template(method, found.pop("action"))
    if (record["operation"], method, template) not in _ROUTES:
        yield f"Placement takes {method} {path!r} for something else than {record['operation']}"
    elif {template.format(**found) or "/", path or "/"} != {record["path"]}:
        yield f"Placement reads {found}, where {record['path']} was decided"
    projects = {*webob.Request(environ).GET.getall("project_id")} - {""}
    decided = {record["target"].get("project_id")} - {None}
    if template == "/usages" and projects != decided:
        yield f"Placement reads the projects {projects}, decided was {decided}"
    version = _version(",".join(received.values("openstack-api-version")))
    if version != record["microversion"]:
        yield f"Placement reads the microversion {version}, decided was {record['microversion']}"
    ids = received.values("x-openstack-request-id")
    if ids != [record["request_id"]]:
        yield f"Placement gets the request ids {ids}, recorded is {record['request_id']}"
    if not received.is_framed:
        yield "the body is shorter or longer than it says"


def assert_decided(received: Received, record: Mapping[str, Any]) -> None:
    """Fail unless Placement does what was decided, as the audit record has it."""
    assert record["outcome"] == "allowed"
    assert not list(differences(received, record))


def _template(method: str, action: Any) -> str:
    """The path that Placement has this handler for."""
    routes = handler.ROUTE_DECLARATIONS.items()
    return next(template for template, methods in routes if methods.get(method) is action)


def _version(header: str) -> str:
    named = {"openstack-api-version": header}
    return microversion_parse.get_version(named, service_type="placement") or ""


def misleading(names: Iterable[str]) -> set[str]:
    """Those that somebody could believe, in any spelling that WSGI takes for the same."""
    believed = {_wsgi(name.removeprefix("HTTP_")) for name in BELIEVED}
    return {
        name for name in names if _wsgi(name) in believed or not re.fullmatch("[a-z0-9-]+", name)
    }


def _wsgi(name: str) -> str:
    return re.sub("[^a-z0-9]", "_", name.lower())
