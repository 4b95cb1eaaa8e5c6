"""What Placement would understand by the bytes that a recording backend heard.

The oracles are Placement's own router and WebOb, which reads its queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import microversion_parse
import webob
from keystonemiddleware.auth_token._request import _AuthTokenRequest as AuthTokenRequest
from oslo_context import context
from placement import handler

from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.parameters import parameters_of

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
    *("X-Http-Method", "X-Http-Method-Override", "X-Method-Override"),
    *("X-Original-Method", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url"),
    *("Upgrade", "Te", "Expect", "Proxy-Connection", "Keep-Alive"),
} - {"HTTP_X_AUTH_TOKEN", "HTTP_X_SERVICE_TOKEN"}
"""Headers that somebody could believe: the libraries' own lists of who sends a request, what asks
for another one, and what is about a connection. In the spelling of a header, or of WSGI.
"""
PROJECT = {"project_id"}
_ROUTER = handler.make_map(handler.ROUTE_DECLARATIONS)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request; `headers` with names in lower case, as often as they came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def read(cls, raw: bytes) -> Heard:
        head, _, body = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, version = line.split(" ")
        assert version == "HTTP/1.1"
        pairs = (field.partition(":")[::2] for field in fields)
        headers = tuple((name.lower(), value.strip()) for name, value in pairs)
        return cls(method, target, headers, body)

    def values(self, name: str) -> list[str]:
        """Of all headers that a WSGI server takes for the one with this name."""
        return [value for field, value in self.headers if _wsgi(field) == _wsgi(name)]

    def environ(self) -> dict[str, Any]:
        path, _, query = self.target.partition("?")
        return {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
        }


def misleading(names: Iterable[str]) -> set[str]:
    """Those that somebody could believe, in any spelling that WSGI takes for the same."""
    believed = {_wsgi(name.removeprefix("HTTP_")) for name in BELIEVED}
    return {
        name for name in names if _wsgi(name) in believed or not re.fullmatch("[a-z0-9-]+", name)
    }


def _wsgi(name: str) -> str:
    return re.sub("[^a-z0-9]", "_", name.lower())


def assert_decided(heard: Heard, record: Mapping[str, Any]) -> None:
    """What was decided, as the audit record has it, is what Placement does with what it got."""
    environ = heard.environ()
    assert (record["outcome"], record["status"]) == ("allowed", 200)
    assert (heard.method, environ["PATH_INFO"]) == (record["method"], record["path"])
    found = _ROUTER.match(environ=environ)
    assert found is not None
    action = found.pop("action")
    (operation,) = (
        operation
        for operation in OPERATIONS
        if (operation.rule, operation.method) == (record["operation"], record["method"])
        and {parameter.name for parameter in parameters_of(operation)} == found.keys()
        and operation.template.format(**found) == record["path"]
    )
    assert action is handler.ROUTE_DECLARATIONS[operation.template][operation.method]
    if operation.template == "/usages":
        projects = webob.Request(environ).GET.getall("project_id")
        assert projects == [record["target"][name] for name in PROJECT & record["target"].keys()]
    version = {"openstack-api-version": ",".join(heard.values("openstack-api-version"))}
    asked = microversion_parse.get_version(version, service_type="placement") or ""
    assert asked == record["microversion"]
    assert heard.values("x-openstack-request-id") == [record["request_id"]]
