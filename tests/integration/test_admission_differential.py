"""Whatever is let in, Placement understands what goes out as the proxy understood what came in.

The oracles are Placement's own router, WebOb, which reads Placement's queries, and the JSON
parser that reads its bodies.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
import webob
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_serialization import jsonutils
from placement import handler

from harness.examples import some
from policy_proxy.admission.content import Content
from policy_proxy.admission.layer import Admission
from policy_proxy.admission.reading import Readers
from policy_proxy.config.limits import LimitSettings
from policy_proxy.errors import Refusal
from policy_proxy.model import REQUEST, SNAPSHOT, BodyRule, Environ, Request
from policy_proxy.placement.service import SERVICE
from policy_proxy.places import Places
from policy_proxy.policy.mentions import Mentions
from policy_proxy.policy.snapshot import PolicySnapshot

LIMITS = LimitSettings(
    max_body_bytes=8192,
    max_body_readers=1,
    max_small_bodies=4,
    max_target_bytes=65536,
    max_header_bytes=32768,
    max_headers=100,
    max_json_depth=32,
    max_requests=4,
    max_queued=4,
    queue_timeout=1.0,
    max_streams=4,
    max_validations=4,
    max_refused_tokens=4,
    remembered_requests=0 if "requests" in os.environ.get("CACHES_OFF", "") else 16,
)
OPERATIONS = {operation.rule for operation in SERVICE.operations}
POLICY = PolicySnapshot(
    "r", 0.0, {}, {}, mentions=dict.fromkeys(OPERATIONS, Mentions(anything=True))
)
ROUTER = handler.make_map(handler.ROUTE_DECLARATIONS)
UUID = "7e5f8c3a-0d6b-4a52-9d3e-0a4f1c2b3d4e"
GOOD = {
    "uuid": UUID,
    "consumer_uuid": UUID,
    "name": "CUSTOM_GOLD",
    "resource_class": "CUSTOM_GOLD",
}
TEMPLATES = sorted({operation.template for operation in SERVICE.operations})
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "get", "PATCH"])

# What the request line may hold, as bytes: what is harmless, and what has fooled someone.
ODDITIES = st.sampled_from(
    ["%0A", "\n", "%2F", "%2e%2e", "..", ".", "/", "//", "%00", "%zz", "%", ";x=1", "%3B", "\\",
     "\t", "%09", "%20", " ", "é", "%E2%98%83", "%c0%af", "A", "7", "-", "_", "%41", "?", "#", "+"]
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from([UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}"]),
    st.sampled_from(["VCPU", "CUSTOM_GOLD", "custom_gold", "-" * 36, "null", "None"]),
    st.lists(ODDITIES, min_size=1, max_size=4).map("".join),
)
GOOD_PATHS = st.sampled_from(TEMPLATES).map(lambda template: template.format(**GOOD))
ODD_PATHS = st.builds(
    lambda template, names: template.format(**dict(zip(GOOD, names, strict=True))),
    st.sampled_from(TEMPLATES),
    st.tuples(NAMES, NAMES, NAMES, NAMES),
)
BENT_PATHS = st.builds(
    lambda path, at, odd: path[:at] + odd + path[at:], GOOD_PATHS, st.integers(0, 60), ODDITIES
)
PATHS = st.one_of(GOOD_PATHS, ODD_PATHS, BENT_PATHS)

KEYS = st.sampled_from(["project_id", "%70roject_id", "user_id", "consumer_type", "name", "limit"])
VALUES = st.lists(
    st.sampled_from(["mine", "theirs", "all", "in:", ",", "%2C", "%26", "%3D", "=", "+", "%20"]),
    max_size=3,
).map("".join)
PAIRS = st.tuples(KEYS, st.one_of(VALUES, ODDITIES)).map("=".join)
QUERIES = st.lists(st.one_of(PAIRS, PAIRS, KEYS, ODDITIES, st.just("")), max_size=4).flatmap(
    lambda pieces: st.sampled_from(["&", "&", "&", ";"]).map(lambda by: by.join(pieces))
)
BODIES = st.sampled_from(
    [
        b"{}",
        b"[]",
        b'{"name": "x"}',
        b'{"name": "x", "name": "y"}',
        b'{"a": NaN}',
        b'{"a": "\\u00e9"}',
    ]
)


ADMITTED: Environ = {}


def _admitted(environ: Environ, _start_response: Any) -> list[bytes]:
    ADMITTED.update(environ)
    return []


ADMISSION = Admission(_admitted, SERVICE, LIMITS)
"""One for all, so that what it remembers of one request meets the next."""


def environ_of(method: str, path: str, query: str, body: bytes | None = None) -> Environ:
    """As a server makes it (PEP 3333): the path is decoded once, the query is not."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "" if path else "/placement",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
        "SERVER_NAME": "proxy.example.org",
        "SERVER_PORT": "8778",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_OPENSTACK_API_VERSION": "placement 1.39",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
    }
    if body is not None:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
    return environ


def let_in(environ: Environ) -> Environ | None:
    """What is handed on, or None for what is refused."""
    handed: list[Environ] = []

    def inner(environ: Environ, start_response: Any) -> list[bytes]:
        del start_response
        handed.append(environ)
        return []

    try:
        readers = Readers(Places(1, 1.0), 1, 1)
        late = Content(inner, SERVICE, LIMITS, readers, decisive=False)
        early = Content(late, SERVICE, LIMITS, readers, decisive=True)
        ADMITTED.clear()
        ADMISSION(environ, lambda status, headers: None)
        ADMITTED[SNAPSHOT] = POLICY
        early(ADMITTED, lambda status, headers: None)
    except Refusal:
        assert handed == []
        return None
    return handed[0]


def assert_understood_alike(handed: Environ) -> None:
    request: Request = handed[REQUEST]
    target = f"{handed['PATH_INFO']}?{handed['QUERY_STRING']}"
    assert target.isascii()
    assert target.isprintable()
    received = environ_of(handed["REQUEST_METHOD"], *target.split("?", 1), request.body)
    found = ROUTER.match(environ=received)
    template = request.operation.template
    assert found.pop("action") is handler.ROUTE_DECLARATIONS[template][request.method]
    assert found == request.params
    assert request.method == request.operation.method == handed["REQUEST_METHOD"]

    read = webob.Request(received)
    assert tuple(read.GET.items()) == request.query
    if template == "/usages":
        assert read.GET.getall("project_id") in ([], [dict(request.query).get("project_id")])
    if request.body is not None:
        assert jsonutils.loads(read.body) == request.document


@settings(max_examples=some(600))
@given(METHODS, PATHS, QUERIES)
def test_any_path_and_query(method, path, query):
    handed = let_in(environ_of(method, path, query))
    if handed is not None:
        assert_understood_alike(handed)


@settings(max_examples=some(300))
@given(GOOD_PATHS, QUERIES, BODIES)
def test_any_body(path, query, body):
    for method in ("PUT", "POST"):
        handed = let_in(environ_of(method, path, query, body))
        if handed is not None:
            assert_understood_alike(handed)


@settings(max_examples=some(600))
@given(st.sampled_from(["GET", "DELETE"]), st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes(method, path, query):
    environ = environ_of(method, "", "")
    environ["PATH_INFO"] = f"/resource_providers/{UUID}{path.decode('latin-1')}"
    environ["QUERY_STRING"] = query.decode("latin-1")
    handed = let_in(environ)
    if handed is not None:
        assert_understood_alike(handed)


@pytest.mark.parametrize(
    "operation",
    SERVICE.operations,
    ids=lambda operation: f"{operation.method} {operation.template}",
)
def test_every_operation_is_let_in_with_what_it_needs(operation):
    """What the properties above say is not true for want of anything let in."""
    body = None if operation.body is BodyRule.NONE else b"{}"
    path = operation.template.format(**GOOD)
    handed = let_in(environ_of(operation.method, path, "project_id=mine&a=%2Bb", body))
    assert handed is not None
    assert handed[REQUEST].operation is operation
    assert_understood_alike(handed)


def test_every_route_of_placement_has_an_operation_and_the_other_way_round():
    ours = Counter((operation.template, operation.method) for operation in SERVICE.operations)
    theirs = Counter(
        (template, method)
        for template, methods in handler.ROUTE_DECLARATIONS.items()
        for method in methods
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "target",
    [
        f"/resource_providers/{UUID}%0A",
        "/resource_providers%0A",
        "/usages?project_id=mine&consumer_type=all;project_id=theirs",
        "/usages?project_id=mine&project_id=theirs",
        "/resource_classes/CUSTOM_x y%22,%22name%22:%22CUSTOM_B",
        f"/allocations/{'-' * 36}",
    ],
)
def test_what_placement_would_take_for_something_else_is_refused(target):
    path, _, query = target.partition("?")
    theirs = ROUTER.match(environ=environ_of("GET", path, query))
    assert theirs is not None, "Placement routes it"
    assert let_in(environ_of("GET", path, query)) is None


def test_a_separator_that_the_server_decoded_is_a_separator_for_policy_too():
    """Nothing tells it apart then; a server that shows the target as sent has it refused."""
    path = f"/resource_providers/{UUID}%2Finventories%2FVCPU"
    handed = let_in(environ_of("GET", path, ""))
    assert handed is not None
    assert handed[REQUEST].operation.rule == "placement:resource_providers:inventories:show"
    assert_understood_alike(handed)
    assert let_in({**environ_of("GET", path, ""), "RAW_URI": path}) is None
