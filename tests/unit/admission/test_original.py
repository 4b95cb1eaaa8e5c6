from __future__ import annotations

import ipaddress

import pytest
import webob
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission import query
from policy_proxy.admission.original import SAID_IN, Original
from policy_proxy.config.authorizer import AuthorizerSettings
from policy_proxy.errors import Malformed, NotFound, Refusal
from policy_proxy.model import ORIGINAL
from unit.admission.small_service import UUID, Inner, environ_of

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def settings(front_end="nginx", **more):
    values = {
        "front_end": front_end,
        "trusted_addresses": LOOPBACK,
        "check_path": "/authorize",
        "body": "none",
        "mount": "",
    }
    return AuthorizerSettings(**(values | more))


def asked(front_end="nginx", method="GET", target="/things", **more):
    """What a front end asks; `more` as in `environ_of`."""
    environ = {"REMOTE_ADDR": "127.0.0.1", **more}
    if front_end in SAID_IN:
        said = dict(zip(SAID_IN[front_end], (method, target), strict=True))
        return environ_of("GET", "/authorize", **{**said, **environ})
    path, _, query = target.partition("?")
    return environ_of(method, f"/authorize{path}", query, **environ)


def put(environ, configured=None):
    """What the layer hands on."""
    inner = Inner()
    Original(inner, configured or settings())(environ, lambda *_: None)
    return inner.seen[0]


def refused(environ, configured=None, kind=Malformed):
    inner = Inner()
    with pytest.raises(kind):
        Original(inner, configured or settings())(environ, lambda *_: None)
    assert inner.seen == []


@pytest.mark.parametrize("front_end", ["nginx", "envoy", "caddy", "traefik"])
def test_the_request_at_hand_is_the_client_s(front_end):
    target = f"/things/{UUID}?a=%20b&c"
    environ = put(asked(front_end, "DELETE", target), settings(front_end))
    assert environ["REQUEST_METHOD"] == "DELETE"
    assert environ["PATH_INFO"] == environ[ORIGINAL] == f"/things/{UUID}"
    assert environ["QUERY_STRING"] == "a=%20b&c"
    assert environ["RAW_URI"] == target
    assert not {name for names in SAID_IN.values() for name in names} & environ.keys()


@pytest.mark.parametrize("address", ["127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_the_front_end_may_ask(address):
    assert put(asked(REMOTE_ADDR=address))["REMOTE_ADDR"] == address


@pytest.mark.parametrize("front_end", ["nginx", "envoy", "caddy", "traefik"])
@pytest.mark.parametrize("address", ["192.0.2.7", "", None, "unix:", "localhost", "127.0.0.1, ::1"])
def test_nobody_else_may_ask(front_end, address):
    refused(asked(front_end, REMOTE_ADDR=address), settings(front_end))


def test_who_has_no_address_may_ask_where_that_is_said():
    trusting = settings(trusted_addresses=("unix",))
    assert put(asked(REMOTE_ADDR=""), trusting)["PATH_INFO"] == "/things"
    assert put(asked(REMOTE_ADDR=None), trusting)["PATH_INFO"] == "/things"
    refused(asked(REMOTE_ADDR="192.0.2.7"), trusting)


@pytest.mark.parametrize("front_end", SAID_IN)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("said", [None, "", " ", "GET,GET", "GET, GET", "/a,/b", "/a, /b", "é"])
def test_what_is_not_said_once_is_not_guessed(front_end, which, said):
    name = SAID_IN[front_end][which]
    refused(asked(front_end, **{name: said}), settings(front_end))


@pytest.mark.parametrize(
    "target", ["things", "*", "http://h/things", "h:80", "/a b", "/a\tb", "/\0"]
)
def test_a_target_is_in_origin_form(target):
    refused(asked(target=target))


@pytest.mark.parametrize("front_end", ["nginx", "envoy", "caddy", "traefik"])
def test_what_another_front_end_would_say_is_nothing(front_end):
    others = [name for other in SAID_IN.values() for name in other]
    ours = SAID_IN.get(front_end, ())
    more = {name: "DELETE" for name in others if name not in ours}
    environ = put(asked(front_end, "GET", "/things", **more), settings(front_end))
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", "/things")


@pytest.mark.parametrize(
    "path", ["/", "", "/healthcheck", "/authorize/", "/authorize/x", "/things"]
)
def test_it_is_asked_at_one_path_only(path):
    refused({**asked(), "PATH_INFO": path})


@pytest.mark.parametrize(
    "path", ["/", "", "/authorize", "/authorizethings", "/things", "/healthcheck"]
)
def test_envoy_asks_below_that_path(path):
    refused({**asked("envoy"), "PATH_INFO": path}, settings("envoy"))


@pytest.mark.parametrize("shown", ["/things", "/%61uthorize/things", "//authorize/things"])
def test_what_envoy_asks_is_below_that_path_as_sent_too(shown):
    refused(asked("envoy", RAW_URI=shown), settings("envoy"))


def test_the_path_as_sent_is_kept_where_it_can_be_known():
    assert put(asked(target="/thi%6Egs?%61"))[ORIGINAL] == "/thi%6Egs"
    shown = {"REQUEST_URI": "/authorize/thi%6Egs?a"}
    assert put(asked("envoy", **shown), settings("envoy"))[ORIGINAL] == "/thi%6Egs"
    decoded_once = asked("envoy", target="/thi%6Egs")
    assert put(decoded_once, settings("envoy"))["PATH_INFO"] == "/thi%6Egs"


def test_the_path_before_that_of_the_service_is_taken_off():
    mounted = settings(mount="/placement")
    for target, path in {
        "/placement/things?a": "/things",
        "/placement": "",
        "/placement/": "/",
    }.items():
        environ = put(asked(target=target), mounted)
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/placement", path)
        assert environ[ORIGINAL] == path
    for target in ("/things", "/placementthings", "/placement2/things"):
        refused(asked(target=target), mounted, NotFound)
    assert put(asked(target="/%70lacement/things"), mounted)[ORIGINAL] == "/%70lacement/things"


@pytest.mark.parametrize(
    "name",
    [
        "X.ROLES", "X~A",
        "X_ROLES", "X_ROLE", "X_USER", "X_USER_ID", "X_USER_DOMAIN_NAME", "X_PROJECT_ID",
        "X_TENANT", "X_TENANT_ID", "X_DOMAIN_ID", "X_IDENTITY_STATUS", "X_IS_ADMIN_PROJECT",
        "X_SERVICE_ROLES", "X_SERVICE_CATALOG", "X_SERVICE_TOKENS", "X_STORAGE_TOKEN", "X_TRUST_ID",
        "OPENSTACK_SYSTEM_SCOPE", "REMOTE_USER", "X_HTTP_METHOD_OVERRIDE", "X_METHOD_OVERRIDE",
        "X_HTTP_METHOD", "X_ORIGINAL_URL", "X_REWRITE_URL",
    ],
)  # fmt: skip
def test_a_header_that_says_who_asks_or_what_is_refused(name):
    refused(asked(**{f"HTTP_{name}": "x"}))


@pytest.mark.parametrize("name", ["OPENSTACK_API_VERSION", "X_SERVICE_TOKEN"])
@pytest.mark.parametrize("said", ["", " ", "placement 1.39,", ",t", "t, ,t"])
def test_what_a_server_shows_as_empty_may_say_something_to_placement(name, said):
    refused(asked(**{f"HTTP_{name}": said}))


def test_other_headers_stay():
    more = {"HTTP_X_SERVICE_TOKEN": "t", "HTTP_USER_AGENT": "nova", "HTTP_X_REAL_IP": "192.0.2.1"}
    assert put(asked(**more)).items() >= more.items()


@pytest.mark.parametrize("odd", ["a#b", 'a"b', "a^b", "a|b", "a%zz", "a%", "a\x7f", "a<b", "[a]"])
def test_a_query_has_the_characters_of_a_uri(odd):
    refused({**asked("envoy"), "QUERY_STRING": odd}, settings("envoy"))


def test_a_body_of_the_front_end_s_is_not_the_client_s():
    environ = put(asked(body=b"{}", HTTP_TRANSFER_ENCODING="chunked"))
    assert environ["wsgi.input"].read() == b""
    assert not {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"} & environ.keys()
    assert environ["CONTENT_TYPE"] == "application/json"


def whole(**more):
    return put(asked("envoy", **more), settings("envoy", body="whole"))


def test_a_whole_body_stays():
    environ = whole(body=b"{}", HTTP_X_ENVOY_AUTH_PARTIAL_BODY="false")
    assert environ["wsgi.input"].read() == b"{}"
    assert environ["CONTENT_LENGTH"] == "2"
    assert whole(CONTENT_LENGTH="0")["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize("said", ["true", "", "False", "false,true", None])
@pytest.mark.parametrize(
    "there", [{"body": b"{}"}, {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "0"}]
)
def test_a_part_of_a_body_is_no_body(said, there):
    refused(
        asked("envoy", HTTP_X_ENVOY_AUTH_PARTIAL_BODY=said, **there),
        settings("envoy", body="whole"),
    )


PIECES = st.sampled_from([*'a=&;#+%/?,^"é', "%26", "%3D", "%20", "%C3%A9", "%zz", "&&", "b=c"])


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_query_that_goes_on_as_it_is_means_to_placement_what_it_means_here(text):
    try:
        environ = put(asked(target=f"/things?{text}"))
        pairs = query.parse(environ["QUERY_STRING"])
    except Refusal:
        return
    sent = webob.Request.blank(environ["RAW_URI"])
    assert tuple(sent.GET.items()) == pairs


@pytest.mark.parametrize("front_end", ["nginx", "envoy", "caddy", "traefik"])
@pytest.mark.parametrize("version", ["placement!1.39", "placement 1.39, placement!1.0", "a\t1.1"])
def test_a_microversion_is_written_plainly(front_end, version):
    """Envoy shows as `!` what is no UTF-8, and what may be a blank to Placement."""
    refused(asked(front_end, HTTP_OPENSTACK_API_VERSION=version), settings(front_end))
    plain = "compute 2.90, shared-file-system 2.60,placement latest"
    put(asked(front_end, HTTP_OPENSTACK_API_VERSION=plain), settings(front_end))
