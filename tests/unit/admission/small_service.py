"""A small inventory API to admit requests for, and the environ that a server would make of one."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from policy_proxy.admission.content import Content
from policy_proxy.admission.layer import Admission
from policy_proxy.admission.reading import Readers
from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import Malformed, NotFound
from policy_proxy.model import BodyRule, Environ, Operation, Pairs, PublicError, Service, WSGIApp
from policy_proxy.places import Places

UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"

OPERATIONS = (
    Operation("", "GET", "/", public=True, negotiates=False),
    Operation("", "GET", "", public=True, negotiates=False),
    Operation("things:list", "GET", "/things"),
    Operation("things:create", "POST", "/things", body=BodyRule.REQUIRED, negotiates=False),
    Operation("things:show", "GET", "/things/{uuid}"),
    Operation("things:delete", "DELETE", "/things/{uuid}", negotiates=False),
    Operation("things:parts", "PUT", "/things/{uuid}/parts", body=BodyRule.REQUIRED),
    Operation("labels:update", "PUT", "/labels/{name}", body=BodyRule.OPTIONAL),
    Operation("usages", "GET", "/usages"),
)

LIMITS = LimitSettings(
    max_body_bytes=1000,
    max_body_readers=4,
    max_small_bodies=4,
    max_target_bytes=2000,
    max_header_bytes=2000,
    max_headers=20,
    max_json_depth=8,
    max_requests=4,
    max_queued=4,
    queue_timeout=1.0,
    max_streams=4,
    max_validations=4,
    max_refused_tokens=4,
    remembered_requests=16,
)


def check_params(operation: Operation, params: Mapping[str, str]) -> Mapping[str, str]:
    del operation
    if "uuid" in params and not re.fullmatch(r"[0-9a-fA-F-]{36}", params["uuid"]):
        raise NotFound("No such thing.")
    return {name: value.lower() for name, value in params.items()}


def check_query(operation: Operation, query: Pairs) -> None:
    del operation
    names = [name for name, _ in query]
    if names.count("project_id") > 1:
        raise Malformed("project_id is given twice.")


def check_body(operation: Operation, document: Any) -> None:
    del operation
    if not isinstance(document, dict):
        raise Malformed("The body must be an object.")


SERVICE = Service(
    type="inventory",
    default_code="inventory.undefined_code",
    operations=OPERATIONS,
    defaults=list,
    check_params=check_params,
    check_query=check_query,
    check_body=check_body,
    target=lambda request, identity: {},
    public_error=lambda error, request: PublicError(error.status, "", "", ""),
)


def environ_of(
    method: str = "GET",
    path: str = "/things",
    query: str = "",
    *,
    body: bytes | None = None,
    content_type: str | None = "application/json",
    **more: Any,
) -> Environ:
    """What a server hands over. `more` are further keys; None takes a key away."""
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "proxy.example.org",
        "SERVER_PORT": "8778",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "proxy.example.org:8778",
        "HTTP_X_AUTH_TOKEN": "token",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}
    environ |= more
    return {name: value for name, value in environ.items() if value is not None}


class Inner:
    """The application behind the layer: it remembers the environs that reached it."""

    def __init__(self) -> None:
        self.seen: list[Environ] = []

    def __call__(self, environ: Environ, start_response: Any) -> list[bytes]:
        self.seen.append(environ)
        start_response("204 No Content", [])
        return []


def admission(app: WSGIApp, limits: LimitSettings = LIMITS) -> WSGIApp:
    """Both layers, as the chain has them, without those between."""
    readers = Readers(Places(1, 1.0), 1, 1)
    late = Content(app, SERVICE, limits, readers, decisive=False)
    early = Content(late, SERVICE, limits, readers, decisive=True)
    return Admission(early, SERVICE, limits)


def passed(environ: Environ, limits: LimitSettings = LIMITS) -> Environ:
    """The environ that the layer hands on."""
    inner = Inner()
    admission(inner, limits)(environ, lambda status, headers: None)
    assert len(inner.seen) == 1
    return inner.seen[0]
