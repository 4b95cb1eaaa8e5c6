"""What must hold of every request, whatever it was.

What reached the backend is read by Placement's own router and by WebOb, and must be what the audit
record says was decided.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import webob
from placement import handler

from attack.case import NO_ANSWER, Expected
from attack.request import Answered
from policy_proxy.placement.service import SERVICE

_ROUTER = handler.make_map(handler.ROUTE_DECLARATIONS)
_TEMPLATES = {(each.rule, each.method, each.template) for each in SERVICE.operations}
OUTBOUND = frozenset(
    {
        "accept",
        "content-length",
        "content-type",
        "host",
        "openstack-api-version",
        "user-agent",
        "x-auth-token",
        "x-openstack-request-id",
        "x-service-token",
    }
)
"""The header fields that may reach the backend. All else of a client's ends at the proxy."""
_READ = OUTBOUND | {"transfer-encoding"}
"""What Placement reads of a header, in some way."""
_OWN_REFUSALS = frozenset({NO_ANSWER, *range(400, 500), 501, 505})
"""What a front end may say of its own to what it does not take."""
_INSIDE = re.compile(
    r'Traceback|File "|\.py\b|oslo[._]|sqlalchemy|sqlite|keystonemiddleware|webob|pycurl'
    r"|policy_proxy|rule:|role:|placement:[a-z]|127\.0\.0\.1:\d",
    re.IGNORECASE,
)


def not_outbound(names: Iterable[str]) -> set[str]:
    """Those that must not reach the backend of the proxy."""
    return set(names) - OUTBOUND


@dataclass(frozen=True, slots=True)
class Happened:
    """All that is known of one case on one target.

    :param answers: what the client read.
    :param received: the raw requests that the backend got meanwhile.
    :param records: the audit records written meanwhile.
    :param caller: the user and the roles of the token that went with it; None without one.
    """

    answers: Sequence[Answered]
    received: Sequence[bytes]
    records: Sequence[Mapping[str, Any]]
    caller: tuple[str, tuple[str, ...]] | None


def violations(
    happened: Happened,
    expected: Expected,
    barred: Callable[[Iterable[str]], set[str]] = not_outbound,
    *,
    asked: bool = False,
) -> Iterator[str]:
    """What is not as it must be, a sentence each.

    :param barred: of these names of header fields, those that must not reach the backend.
    :param asked: whether the proxy was asked by a front end, which forwards by itself.
    """
    yield from _status(happened, expected, asked=asked)
    yield from _count(happened, expected, asked=asked)
    yield from _recorded(happened, asked=asked)
    for answer in happened.answers:
        yield from _leaks(answer)
        if not asked:  # what a front end says of its own has its form
            yield from _form(answer)
    for raw, record in zip(happened.received, _asking(happened, asked=asked), strict=False):
        yield from _alike(raw, record)
        yield from _headers(raw, barred)
        yield from _identity(record, happened.caller)


def _status(happened: Happened, expected: Expected, *, asked: bool) -> Iterator[str]:
    status = happened.answers[0].status if happened.answers else NO_ANSWER
    own = asked and expected.outcome != "served" and status in _OWN_REFUSALS
    if status not in expected.status and not own:
        yield f"status {status}, where {sorted(expected.status)} was expected"


def _count(happened: Happened, expected: Expected, *, asked: bool) -> Iterator[str]:
    received = len(happened.received)
    allowed = len(_asking(happened, asked=asked))
    wanted = {"refused": {0}, "served": {1}, "either": {0, 1}}[expected.outcome]
    if received not in wanted:
        yield f"the backend got {received} requests, where it is to be {expected.outcome}"
    if received > allowed or (received < allowed and not asked):
        yield f"the backend got {received} requests, and {allowed} were recorded as let through"


def _asking(happened: Happened, *, asked: bool) -> list[Mapping[str, Any]]:
    """The records of requests that were let through: they say whose credentials went out, if it was
    the proxy that sent them.
    """
    return [
        record
        for record in happened.records
        if (record["outcome"] == "allowed" if asked else record["credentials"])
    ]


def _recorded(happened: Happened, *, asked: bool) -> Iterator[str]:
    """Each answer of ours has its record, and there is no other record."""
    recorded = {(r["request_id"], r["status"]) for r in happened.records}
    known = {request_id for request_id, _ in recorded}
    for answer in happened.answers:
        held = answer.request_id in known if asked else answer.key in recorded
        if answer.is_ours and not held:
            yield f"an answer {answer.status} of request {answer.request_id} is not recorded"
    if happened.answers and len(happened.records) > len(happened.answers):
        yield f"{len(happened.records)} records of {len(happened.answers)} answers"


def _leaks(answer: Answered) -> Iterator[str]:
    told = [*answer.headers.values(), answer.body.decode("latin-1")]
    for text in told:
        if found := _INSIDE.search(text):
            yield f"an answer {answer.status} tells of the inside: {found[0]!r}"


def _form(answer: Answered) -> Iterator[str]:
    if answer.is_ours and answer.status >= 400 and answer.body:
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
            yield f"an error {answer.status} that is not JSON"
        elif "errors" not in answer.document:
            yield f"an error {answer.status} without errors"


def _alike(raw: bytes, record: Mapping[str, Any]) -> Iterator[str]:
    """Placement reads what was decided."""
    environ = environ_of(raw)
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    found = _ROUTER.match(environ={"REQUEST_METHOD": method, "PATH_INFO": path})
    if found is None:
        yield f"Placement has no {method} {path!r}"
        return
    template = _template(method, found.pop("action"))
    if (record["operation"], method, template) not in _TEMPLATES:
        yield f"Placement takes {method} {path!r} for something else than {record['operation']}"
    elif {template.format(**found) or "/", path or "/"} != {record["path"]}:
        yield f"Placement reads {found}, where {record['path']} was decided"
    read = webob.Request(environ)
    projects = set(read.GET.getall("project_id"))
    decided = record["target"].get("project_id")
    if projects and decided and projects != {decided}:
        yield f"Placement reads the projects {projects}, decided was {decided}"
    if not _is_framed(environ, raw.partition(b"\r\n\r\n")[2]):
        yield "the body is shorter or longer than it says"


def _template(method: str, action: Any) -> str:
    """The path that Placement has this handler for."""
    routes = handler.ROUTE_DECLARATIONS.items()
    return next(template for template, methods in routes if methods.get(method) is action)


def _is_framed(environ: Mapping[str, Any], body: bytes) -> bool:
    if environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
        return body.endswith(b"0\r\n\r\n") and "CONTENT_LENGTH" not in environ
    return len(body) == int(environ.get("CONTENT_LENGTH") or 0)


def _headers(raw: bytes, barred: Callable[[Iterable[str]], set[str]]) -> Iterator[str]:
    names = [name.lower() for name, _ in header_lines(raw)]
    for name in sorted(barred(names)):
        yield f"the backend got a header field {name}"
    for name in sorted({name for name in _READ if names.count(name) > 1}):
        yield f"the backend got {name} more than once"


def _identity(
    record: Mapping[str, Any], caller: tuple[str, tuple[str, ...]] | None
) -> Iterator[str]:
    public = not record["operation"]  # nobody is asked who they are
    user, roles = caller if caller and not public else ("", ())
    if (record["user_id"], sorted(record["roles"])) != (user, sorted(roles)):
        yield f"recorded as {record['user_id']} with {record['roles']}; it was {user} with {roles}"


def header_lines(raw: bytes) -> list[tuple[str, str]]:
    head = raw.partition(b"\r\n\r\n")[0].decode("latin-1")
    return [
        (name, value.strip())
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
    ]


def environ_of(raw: bytes) -> dict[str, Any]:
    """What a WSGI server makes of a request (PEP 3333)."""
    method, target, _ = raw.partition(b"\r\n")[0].decode("latin-1").split(" ")
    path, _, query = target.partition("?")
    body = raw.partition(b"\r\n\r\n")[2]
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "placement.example.org",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in header_lines(raw):
        key = name.upper().replace("-", "_")
        plain = key in ("CONTENT_LENGTH", "CONTENT_TYPE")
        environ[key if plain else f"HTTP_{key}"] = value
    return environ


def as_text(records: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(json.dumps(record) for record in records)
