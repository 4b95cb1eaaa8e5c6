"""Requests by a grammar: most of each is as it should be, and a few things in it are not.

A text stands for bytes: each character is the byte of its number. `<admin>` is a token.
"""

from __future__ import annotations

from hypothesis import strategies as st

from attack.case import UUID
from policy_proxy.placement.service import SERVICE

GOOD = {"uuid": UUID, "consumer_uuid": UUID, "name": "CUSTOM_GOLD", "resource_class": "VCPU"}
PATHS = sorted({operation.template.format(**GOOD) for operation in SERVICE.operations})
ODD = st.sampled_from(
    [
        "%0A",
        "%0D%0A",
        "%2F",
        "%2e%2e",
        "..",
        ".",
        "/",
        "//",
        "%00",
        "%zz",
        "%",
        ";x=1",
        "%3B",
        "\\",
        "\t",
        "%09",
        "%20",
        " ",
        "\xe9",
        "%E2%98%83",
        "%c0%af",
        "A",
        "-",
        "_",
        "%41",
        "?",
        "#",
        "+",
        "*",
        "\x00",
        "\r",
        "\n",
        "\x7f",
        "\x85",
        "http://a",
        "@",
        "[::1]",
        "%252e",
        "&",
        "=",
        ",",
        '"',
        "<",
    ]
)


def _bent(good: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What is good, mostly; else with something odd somewhere in it."""
    odd = st.builds(
        lambda text, at, odd: text[: at % (len(text) + 1)] + odd + text[at % (len(text) + 1) :],
        good,
        st.integers(0, 80),
        ODD,
    )
    return good | good | odd


_METHODS = _bent(st.sampled_from(["GET", "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "get"]))
_VALUES = st.sampled_from(["alpha", "beta", "None", "", UUID, "1", "VCPU:1", "in:a,b", "CUSTOM_A"])
_KEYS = st.sampled_from(
    ["project_id", "%70roject_id", "user_id", "name", "limit", "resources", "x"]
)
_PAIRS = st.builds("{}={}".format, _bent(_KEYS), _bent(_VALUES))
_QUERIES = st.lists(_PAIRS, max_size=3).map("&".join)
_TARGETS = st.builds(
    lambda path, query: f"{path}?{query}" if query else path,
    _bent(st.sampled_from(PATHS)),
    st.just("") | _QUERIES,
)
_VERSIONS = st.sampled_from(
    ["HTTP/1.1"] * 12 + ["HTTP/1.0", "HTTP/2.0", "HTTP/1.1x", "http/1.1", ""]
)
_NAMES = st.sampled_from(
    [
        "Accept",
        "Connection",
        "Content-Encoding",
        "Cookie",
        "Expect",
        "Forwarded",
        "Host",
        "OpenStack-API-Version",
        "OpenStack-System-Scope",
        "Origin",
        "TE",
        "Trailer",
        "Upgrade",
        "X-Auth-Token",
        "X_Auth_Token",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-HTTP-Method-Override",
        "X-Is-Admin-Project",
        "X-Openstack-Request-Id",
        "X-Original-URI",
        "X-Project-Id",
        "X-Role",
        "X-Roles",
        "X_Roles",
        "X-Service-Token",
        "X-User-Id",
        "Content-Length",
        "Content_Length",
        "Transfer-Encoding",
        "Transfer_Encoding",
        "Content-Type",
    ]
)
_SAID = st.sampled_from(
    [
        "admin",
        "all",
        "True",
        "close",
        "keep-alive",
        "chunked",
        "gzip",
        "0",
        "2",
        "13",
        "+2",
        "1_0",
        "application/json",
        "text/plain",
        "placement 1.39",
        "placement latest",
        "compute 2.1",
        "100-continue",
        "trailers",
        "*/*",
        "text/html",
        "X-Auth-Token",
        "garbage",
        "h2c",
        "1.1.1.1",
    ]
)
_FIELDS = st.builds(
    "{}{}{}".format, _bent(_NAMES), st.sampled_from([": "] * 8 + [":", " : "]), _bent(_SAID)
)
_BODIES = st.sampled_from(
    [
        '{"name": "a"}',
        "{}",
        "[]",
        "",
        '{"name": "a", "name": "b"}',
        '{"a": NaN}',
        "d\r\n{}\r\n0\r\n\r\n",
    ]
)
CALLERS = st.sampled_from(["admin", "reader", "service", "nobody"])


def _request(method, target, version, who, fields, body, *, framed) -> tuple[str, str]:
    lines = [f"{method} {target} {version}", "Host: placement.example.org", *fields]
    if who != "nobody":
        lines.append(f"X-Auth-Token: <{who}>")
    if body is not None and framed:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines.append("Connection: close")
    return who, "\r\n".join([*lines, "", body or ""])


REQUESTS = st.builds(
    _request,
    _METHODS,
    _TARGETS,
    _VERSIONS,
    CALLERS,
    st.lists(_FIELDS, max_size=3),
    st.none() | _bent(_BODIES),
    framed=st.sampled_from([True, True, True, False]),
)
"""The caller, and the whole request."""
