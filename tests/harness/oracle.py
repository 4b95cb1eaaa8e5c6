"""What Placement would make of the bytes that a backend got: its own router, and WebOb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import webob
from placement import handler

from policy_proxy.placement.service import SERVICE

ROUTER = handler.make_map(handler.ROUTE_DECLARATIONS)


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as a server for WSGI reads it. Of headers the names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, raw: bytes) -> Received:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        assert version in ("HTTP/1.0", "HTTP/1.1")
        path, _, query = target.partition("?")
        pairs = [
            (name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
        ]
        headers = dict(pairs)
        assert len(headers) == len(pairs), "a header came twice"
        return cls(method, unquote_to_bytes(path).decode("latin-1"), query, headers, body)

    def agrees_with(self, record: dict[str, Any]) -> None:
        """Fail unless Placement reads what the audit record says was decided."""
        assert record["outcome"] == "allowed"
        assert (self.method, self.path) == (record["method"], record["path"])
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "placement",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }
        found = ROUTER.match(environ=environ)
        action = found.pop("action")
        (template,) = [
            operation.template
            for operation in SERVICE.operations
            if (operation.method, operation.rule) == (self.method, record["operation"])
            and handler.ROUTE_DECLARATIONS[operation.template][self.method] is action
            and operation.template.format_map(found) == self.path
        ]
        if template == "/usages":
            read = webob.Request(environ).GET.getall("project_id")
            assert read == [record["target"]["project_id"]]
        version = f"placement {record['microversion']}" if record["microversion"] else None
        assert self.headers.get("openstack-api-version") == version
        assert self.headers["x-openstack-request-id"] == record["request_id"]
