from __future__ import annotations

import dataclasses
import io
import tracemalloc

import pytest

from policy_proxy.admission.layer import Admission
from policy_proxy.errors import (
    BodyTooLarge,
    ConfigurationError,
    LengthRequired,
    Malformed,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    Rejected,
    TargetTooLong,
)
from policy_proxy.model import REQUEST, REQUEST_ID, Operation, Request
from unit.admission.small_service import (
    LIMITS,
    OPERATIONS,
    SERVICE,
    UUID,
    Inner,
    admission,
    environ_of,
    passed,
)


def show(**more):
    return environ_of("GET", f"/things/{UUID}", **more)


def refused(environ) -> Rejected:
    """How the request was refused: nothing reached the application behind."""
    inner = Inner()
    with pytest.raises(Rejected) as refusal:
        admission(inner)(environ, lambda status, headers: None)
    assert inner.seen == []
    return refusal.value


def test_a_request_as_understood():
    environ = environ_of(
        "PUT",
        f"/things/{UUID.upper()}/parts",
        "b=2&&a=%41",
        body=b'{"parts": []}',
        HTTP_OPENSTACK_API_VERSION="compute 2.1, Inventory  1.20",
    )
    assert passed(environ)[REQUEST] == Request(
        operation=OPERATIONS[6],
        method="PUT",
        path=f"/things/{UUID}/parts",
        params={"uuid": UUID},
        query=(("b", "2"), ("a", "A")),
        microversion="1.20",
        body=b'{"parts": []}',
        document={"parts": []},
    )


def test_what_is_handed_on_says_no_more_than_the_request():
    environ = environ_of(
        "PUT",
        f"/things/{UUID.upper()}/parts",
        "b=2&&a=%41",
        body=b"{}",
        content_type="Application/JSON; charset=utf-8",
        HTTP_OPENSTACK_API_VERSION="compute 2.1, Inventory  1.20",
        HTTP_ACCEPT="application/json;q=0.5",
        HTTP_X_SERVICE_TOKEN="other",
        HTTP_X_OPENSTACK_REQUEST_ID="req-1",
        **{REQUEST_ID: "req-1"},
    )
    content = environ["wsgi.input"]
    handed = passed(environ)
    assert handed is environ, "layers outside see what layers inside add"
    assert handed["wsgi.input"] is not content
    assert handed["wsgi.input"].read() == b"{}"
    assert {name: value for name, value in handed.items() if not name.startswith("wsgi.")} == {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/things/{UUID}/parts",
        "QUERY_STRING": "b=2&a=A",
        "SERVER_NAME": "proxy.example.org",
        "SERVER_PORT": "8778",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "HTTP_ACCEPT": "application/json",
        "HTTP_OPENSTACK_API_VERSION": "inventory 1.20",
        "HTTP_X_AUTH_TOKEN": "token",
        "HTTP_X_SERVICE_TOKEN": "other",
        "HTTP_X_OPENSTACK_REQUEST_ID": "req-1",
        REQUEST: handed[REQUEST],
        REQUEST_ID: "req-1",
    }


@pytest.mark.parametrize(
    "name",
    [
        "HTTP_X_ROLES",
        "HTTP_X_USER_ID",
        "HTTP_X_PROJECT_ID",
        "HTTP_X_IDENTITY_STATUS",
        "HTTP_X_IS_ADMIN_PROJECT",
        "HTTP_X_SERVICE_ROLES",
        "HTTP_X_TRUST_ID",
        "HTTP_X_STORAGE_TOKEN",
        "HTTP_REMOTE_USER",
        "HTTP_OPENSTACK_SYSTEM_SCOPE",
        "HTTP_X_HTTP_METHOD_OVERRIDE",
        "HTTP_X_METHOD_OVERRIDE",
        "HTTP_X_ORIGINAL_URL",
        "HTTP_X_REWRITE_URL",
        "HTTP_FORWARDED",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_PREFIX",
        "HTTP_HOST",
        "HTTP_CONNECTION",
        "HTTP_UPGRADE",
        "HTTP_EXPECT",
        "HTTP_TE",
        "HTTP_TRAILER",
        "HTTP_KEEP_ALIVE",
        "HTTP_PROXY_AUTHORIZATION",
        "HTTP_COOKIE",
        "HTTP_AUTHORIZATION",
        "HTTP_RANGE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_ACCEPT_ENCODING",
        "HTTP_OPENSTACK_PLACEMENT_API_VERSION",
        "HTTP_OPENSTACK_API_VERSION",
        "CONTENT_TYPE",
        "AUTH_TYPE",
        "REMOTE_USER",
        "SSL_CLIENT_S_DN",
        "PATH_TRANSLATED",
        "wsgiorg.routing_args",
        "keystone.token_auth",
    ],
)
def test_nothing_else_survives(name):
    assert name not in passed(show(**{name: "compute 2.1"}))


def test_the_raw_target_and_the_framing_do_not_survive():
    environ = show(RAW_URI=f"/things/{UUID}", REQUEST_URI=f"/prefix/things/{UUID}?")
    assert not {"RAW_URI", "REQUEST_URI"} & passed(environ).keys()
    environ = show(QUERY_STRING="a=1", RAW_URI=f"/things/{UUID}?a=1#b", REQUEST_URI=f"/{UUID}")
    assert passed(environ)["QUERY_STRING"] == "a=1"
    stream = io.BytesIO(b"{}")
    environ = environ_of(
        "POST",
        CONTENT_TYPE="application/json",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": stream, "wsgi.input_terminated": True},
    )
    handed = passed(environ)
    assert "HTTP_TRANSFER_ENCODING" not in handed
    assert handed["CONTENT_LENGTH"] == "2"


def test_an_unwanted_body_is_not_handed_on():
    handed = passed(show(body=b"smuggled", content_type="text/plain"))
    assert handed["wsgi.input"].read() == b""
    assert not {"CONTENT_LENGTH", "CONTENT_TYPE"} & handed.keys()
    assert handed[REQUEST].body is None


def test_joined_tokens_are_for_authentication_to_refuse():
    assert passed(show(HTTP_X_AUTH_TOKEN="t1,t2"))["HTTP_X_AUTH_TOKEN"] == "t1,t2"


@pytest.mark.parametrize("name", ["HTTP_ORIGIN", "webob.adhoc_attrs"])
def test_what_the_cors_middleware_outside_reads_on_the_way_out_stays(name):
    assert passed(show(**{name: "its own"}))[name] == "its own"


def test_an_optional_body_may_be_absent_or_present():
    handed = passed(environ_of("PUT", "/labels/x"))
    assert (handed[REQUEST].body, handed[REQUEST].document) == (None, None)
    assert (handed["CONTENT_TYPE"], handed["CONTENT_LENGTH"]) == ("application/json", "0")
    assert passed(environ_of("PUT", "/labels/x", body=b"{}"))[REQUEST].document == {}


@pytest.mark.parametrize("length", [None, "0"])
def test_a_required_body_that_is_absent_is_for_the_service_to_miss(length):
    """It has no reading at all; whether it is a 404, a 403 or a 400 depends on more than it."""
    environ = environ_of("POST", "/things", CONTENT_TYPE="application/json", CONTENT_LENGTH=length)
    handed = passed(environ)
    assert (handed[REQUEST].body, handed[REQUEST].document) == (b"", None)
    assert handed["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize(("prefix", "path"), [("", "/"), ("/placement", "/"), ("/placement", "")])
def test_the_version_document_has_two_paths_that_stay_what_they_are(prefix, path):
    handed = passed(environ_of("GET", path, SCRIPT_NAME=prefix, HTTP_ACCEPT="text/html"))
    assert handed["PATH_INFO"] == handed[REQUEST].path == path
    assert handed[REQUEST].operation.public


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        (environ_of("GET", ""), Malformed),
        (environ_of("GET", "/barnabas"), NotFound),
        (environ_of("GET", f"/things/{UUID}\n"), NotFound),
        (environ_of("GET", f"/things/{UUID}/parts/../.."), NotFound),
        (environ_of("GET", f"/things/{UUID}", RAW_URI=f"/x/%2e%2e/things/{UUID}"), Malformed),
        (environ_of("GET", f"/things/{UUID}", REQUEST_URI=f"/things%2F{UUID}"), Malformed),
        (environ_of("GET", "/things", RAW_URI="/things", REQUEST_URI="/x/../things"), Malformed),
        (environ_of("GET", "/things", RAW_URI="http://elsewhere/things"), Malformed),
        (environ_of("get", "/things"), MethodNotAllowed),
        (environ_of("HEAD", "/things"), MethodNotAllowed),
        (environ_of("OPTIONS", "/things"), MethodNotAllowed),
        (environ_of("TRACE", "/things"), MethodNotAllowed),
        (environ_of("POST", f"/things/{UUID}", HTTP_X_HTTP_METHOD_OVERRIDE="GET"),
         MethodNotAllowed),
        (environ_of("GET", "/" + "x" * LIMITS.max_target_bytes), TargetTooLong),
        (environ_of("GET", "/things", "x" * LIMITS.max_target_bytes), TargetTooLong),
        (environ_of("GET", "/things", RAW_URI="/%41" * 1000), TargetTooLong),
        (environ_of("GET", "/things", REQUEST_URI="/things?name=a"), TargetTooLong),
        (environ_of("GET", "/things", "name=b", REQUEST_URI="/things?name=a"), Malformed),
        (environ_of("GET", "/usages", "project_id=mine&project_id=theirs"), Malformed),
        (environ_of("GET", "/usages", "project_id=mine&a=b;project_id=theirs"), Malformed),
        (environ_of("GET", "/usages", "project_id=mine&%70roject_id=theirs"), Malformed),
        (environ_of("GET", "/things", HTTP_X_ANY="a\r\n b"), Malformed),
        (environ_of("GET", "/things", HTTP_ACCEPT="text/plain"), NotAcceptable),
        (environ_of("GET", "/things", HTTP_OPENSTACK_API_VERSION="inventory 1.2.3"), Malformed),
        (environ_of("GET", "/things",
                    HTTP_OPENSTACK_API_VERSION="inventory 1.2,inventory 1.3"), Malformed),
        (environ_of("POST", "/things"), Rejected),
        (environ_of("POST", "/things", body=b"[]"), Malformed),
        (environ_of("POST", "/things", body=b'{"a": 1, "a": 2}'), Malformed),
        (environ_of("POST", "/things", body=b'{"a": ' + b"[" * 9 + b"]" * 9 + b"}"), Malformed),
        (environ_of("POST", "/things", body=b"x" * (LIMITS.max_body_bytes + 1)), BodyTooLarge),
        (environ_of("POST", "/things", body=b"{}", CONTENT_LENGTH="3"), Malformed),
        (environ_of("POST", "/things", body=b"{}", HTTP_TRANSFER_ENCODING="chunked"), Malformed),
        (environ_of("POST", "/things", body=b"{}", HTTP_TRANSFER_ENCODING="chunked",
                    CONTENT_LENGTH=None), LengthRequired),
    ],
)  # fmt: skip
def test_a_refused_request_reaches_nothing(environ, kind):
    assert isinstance(refused(environ), kind)


def test_a_truncated_chunked_body_is_no_json():
    """Servers give it on as if it were whole; a cut object or list never parses."""
    whole = b'{"a": [1, {"b": "c"}]}'
    for cut in range(len(whole)):
        refused(
            environ_of(
                "POST",
                CONTENT_TYPE="application/json",
                HTTP_TRANSFER_ENCODING="chunked",
                **{"wsgi.input": io.BytesIO(whole[:cut]), "wsgi.input_terminated": True},
            )
        )


class Endless:
    """A body that never comes."""

    def read(self, size=-1):
        raise AssertionError("this would wait forever")


@pytest.mark.parametrize("path", ["/", ""])
@pytest.mark.parametrize(
    "declared", [{"CONTENT_LENGTH": "10"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
def test_nobody_waits_for_the_body_of_someone_unknown(path, declared):
    more = {**declared, "wsgi.input": Endless(), "wsgi.input_terminated": True, "SCRIPT_NAME": "/x"}
    handed = passed(environ_of("GET", path, CONTENT_TYPE="text/plain", **more))
    assert handed[REQUEST].body is None
    assert handed["wsgi.input"].read() == b""


def test_a_target_of_32_kib_works():
    limits = dataclasses.replace(LIMITS, max_target_bytes=65536)
    names = ",".join(f"CUSTOM_{number:05}" for number in range(2500))
    handed = passed(environ_of("GET", "/things", f"name=in:{names}"), limits)
    assert handed[REQUEST].query == (("name", f"in:{names}"),)


def test_ambiguous_operations_stop_the_start():
    operations = (Operation("a", "GET", "/a/{x}"), Operation("b", "GET", "/a/{y}"))
    with pytest.raises(ConfigurationError):
        Admission(Inner(), dataclasses.replace(SERVICE, operations=operations), LIMITS)


def remembering(inner, size):
    return Admission(inner, SERVICE, dataclasses.replace(LIMITS, remembered_requests=size))


@pytest.mark.parametrize("size", [0, 16], ids=["nothing", "some"])
def test_a_head_that_is_remembered_is_understood_as_before(size):
    layer = remembering(Inner(), size)
    first = layer.admit(show(HTTP_X_AUTH_TOKEN="one"))
    again = layer.admit(show(HTTP_X_AUTH_TOKEN="another"))
    assert again == first
    assert (again is first) is (size > 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUEST_METHOD", "DELETE"),
        ("PATH_INFO", f"/things/{UUID[:-1]}0"),
        ("QUERY_STRING", "a=1"),
        ("HTTP_OPENSTACK_API_VERSION", "inventory 1.7"),
    ],
)
def test_nothing_that_matters_is_left_out_of_what_is_remembered(name, value):
    layer = remembering(Inner(), 16)
    first = layer.admit(show())
    assert layer.admit({**show(), name: value}) != first
    assert layer.admit(show()) == first


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("HTTP_ACCEPT", "text/html", 406),
        ("HTTP_X_ANY", "a\rb", 400),
        ("HTTP_TRANSFER_ENCODING", "gzip", 400),
        ("RAW_URI", f"/things//{UUID}", 400),
        ("REQUEST_URI", f"/things/%2e%2e/{UUID}", 400),
        ("CONTENT_LENGTH", "1001", 400),
    ],
)
def test_what_is_remembered_excuses_nothing(name, value, status):
    layer = remembering(Inner(), 16)
    layer.admit(show())
    for _ in range(2):
        with pytest.raises(Rejected) as refusal:
            layer.admit({**show(), name: value})
        assert refusal.value.status == status


@pytest.mark.parametrize(
    ("query", "is_remembered"),
    [
        ("&".join(["a"] * 32), True),
        ("&".join(["a"] * 33), False),
        ("a=" + "b" * 1012, True),
        ("a=" + "b" * 1013, False),
    ],
    ids=["as many as may be", "one too many", "as long as may be", "too long"],
)
def test_a_long_head_is_not_remembered(query, is_remembered):
    layer = remembering(Inner(), 16)
    first, again = (layer.admit(environ_of("GET", "/things", query)) for _ in range(2))
    assert first == again
    assert (first is again) is is_remembered


@pytest.mark.parametrize(
    "query",
    [
        "a=%F0%9F%98%80" + ":" * 900,
        "&".join([f"%F0%9F%98%80={'b' * 16}"] * 32),
        "&".join(["a"] * 500),
    ],
    ids=["wide", "many", "too many"],
)
def test_whatever_is_sent_takes_no_more_memory_than_the_documentation_says(query):
    layer = remembering(Inner(), 100)
    heads = [environ_of("GET", "/things", f"{number:03}&{query}"[:1000]) for number in range(100)]
    tracemalloc.start()
    for head in heads:
        layer.admit(head)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 100 < 9 * 1024
