from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission import path
from policy_proxy.errors import ConfigurationError, Malformed, MethodNotAllowed, NotFound
from policy_proxy.model import Operation
from unit.admission.small_service import OPERATIONS, UUID

ROUTER = path.Router(OPERATIONS)


def router_of(*templates: str) -> path.Router:
    return path.Router([Operation(f"rule:{template}", "GET", template) for template in templates])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.template}")
def test_every_operation_is_found_by_its_own_path(operation):
    given_params = {"uuid": UUID, "name": "CUSTOM_X"}
    found, params = ROUTER.match(operation.method, operation.template.format(**given_params))
    assert found is operation
    assert path.rebuilt(operation.template, params) == operation.template.format(**given_params)


@pytest.mark.parametrize(
    "unknown",
    [
        f"/things/{UUID}\n",
        "/things\n",
        "\n/things",
        "/./things",
        "/x/../things",
        "/things/.",
        "/things/..",
        "/../things",
        "/things/",
        "//things",
        "/things//parts",
        f"/things/{UUID}/parts/",
        "/Things",
        "/THINGS",
        "/things;x=1",
        "/things%0A",
        "/%74hings",
        "/things\x00",
        "/things/a\x00b",
        "/things/a\tb",
        "/things/a\x7fb",
        "/things\\x",
        "/things/\xe2\x98\x83",
        "/things/\N{SNOWMAN}",
        "things",
        "*",
        "http://elsewhere/things",
        "elsewhere:443",
        " /things",
        "/things ",
        "/" * 1000,
        f"/things/{UUID}/parts/7",
    ],
)
def test_what_is_spelled_differently_is_nothing(unknown):
    with pytest.raises(NotFound, match=r"The resource could not be found\."):
        ROUTER.match("GET", unknown)


def test_an_encoded_separator_does_not_survive_into_the_path():
    """A server that keeps %2F gives it on as three characters of a name."""
    operation, params = ROUTER.match("GET", f"/things/{UUID}%2Fparts")
    assert params == {"uuid": f"{UUID}%2Fparts"}
    with pytest.raises(NotFound):
        path.rebuilt(operation.template, params)


@pytest.mark.parametrize("value", [".", "..", "", "a/b", "a b", "a%20b", "é", "a\n", 'x","y":"z'])
def test_only_names_that_need_no_encoding_go_into_a_path(value):
    with pytest.raises(NotFound):
        path.rebuilt("/labels/{name}", {"name": value})


@pytest.mark.parametrize(
    ("method", "at", "allow"),
    [
        ("DELETE", "/things", "GET, POST"),
        ("HEAD", "/things", "GET, POST"),
        ("OPTIONS", "/things", "GET, POST"),
        ("TRACE", "/things", "GET, POST"),
        ("PATCH", f"/things/{UUID}", "GET, DELETE"),
        ("POST", "/", "GET"),
        ("POST", "", "GET"),
    ],
)
def test_other_methods_are_named_and_told_which_are_allowed(method, at, allow):
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTER.match(method, at)
    assert refused.value.headers == (("Allow", allow),)
    assert refused.value.detail == f"The method {method} is not allowed for this resource."


@pytest.mark.parametrize("method", ["get", "Get", "GET ", "GET\n", "<b>", "", "G" * 21, "GÉT"])
def test_an_odd_method_is_refused_and_not_repeated(method):
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTER.match(method, "/things")
    assert refused.value.detail == "The method is not allowed for this resource."


@pytest.mark.parametrize("order", [("/a/b", "/a/{x}"), ("/a/{x}", "/a/b")])
def test_a_literal_beats_a_parameter_in_whatever_order(order):
    router = router_of(*order)
    assert router.match("GET", "/a/b")[0].template == "/a/b"
    assert router.match("GET", "/a/c")[0].template == "/a/{x}"


@pytest.mark.parametrize(
    "templates",
    [("/a/{x}", "/a/{y}"), ("/{x}/b", "/a/{y}"), ("/{x}/b/{z}", "/a/{y}/c")],
)
def test_templates_that_no_one_can_tell_apart_stop_the_start(templates):
    with pytest.raises(ConfigurationError) as refused:
        router_of(*templates)
    assert all(template in refused.value.problems[0] for template in templates)


def test_two_operations_for_one_method_and_template_stop_the_start():
    twice = [Operation("one:rule", "GET", "/a"), Operation("other:rule", "GET", "/a")]
    with pytest.raises(ConfigurationError, match="one:rule and as other:rule"):
        path.Router(twice)


@given(st.text(max_size=40), st.sampled_from(["GET", "PUT", "DELETE"]))
def test_what_matches_is_rebuilt_to_itself_or_refused(tail, method):
    try:
        operation, params = ROUTER.match(method, f"/things{tail}")
        again = path.rebuilt(operation.template, params)
    except (NotFound, MethodNotAllowed):
        return
    assert again == f"/things{tail}"


@pytest.mark.parametrize(
    "target",
    [
        "/things%2F7",
        "/things%2f7",
        "/things%5C7",
        "/things%00",
        "/things%0A",
        "/things%0d%0aX-Roles:%20admin",
        "/things%09",
        "/things%7F",
        "/things%zz",
        "/things%",
        "/things%2",
        "/./things",
        "/x/../things",
        "/x/%2e%2E/things",
        "/x/.%2e",
        "/things/.",
        "//things",
        "/things//",
        "/things\t",
        "/things x",
        "/things\xe9",
        "http://elsewhere.example.org/things",
        "elsewhere.example.org:443",
        "*",
    ],
)
def test_a_target_that_servers_read_differently_is_refused(target):
    with pytest.raises(Malformed):
        path.check_raw(target)


@pytest.mark.parametrize(
    "target",
    ["/", "/things", "/things/", "/a%20b", "/things?a=/../b//%2F%zz", "/..a/b..", "/%E2%98%83"],
)
def test_a_plain_target_is_not(target):
    path.check_raw(target)
