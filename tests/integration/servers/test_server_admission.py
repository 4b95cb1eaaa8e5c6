"""Request lines and headers in every spelling: each is refused, or means what was decided."""

from __future__ import annotations

import pytest

from harness.keystone import Grant
from harness.proxy import READER
from integration.servers.site import JSON, PASSES, UUID

LINES = "Request lines"
HEADERS = "Headers"
GET = "GET /traits HTTP/1.1"

REQUEST_LINES = {
    "`%2F` in a path": "GET /traits%2FCUSTOM_A HTTP/1.1",
    "`%5C`": "GET /traits%5CCUSTOM_A HTTP/1.1",
    "`/../`": "GET /resource_providers/../traits HTTP/1.1",
    "`/%2e%2e/`": "GET /resource_providers/%2e%2e/traits HTTP/1.1",
    "`//traits`": "GET //traits HTTP/1.1",
    "`/traits/`": "GET /traits/ HTTP/1.1",
    "`/Traits`": "GET /Traits HTTP/1.1",
    "`%00`": "GET /traits/CUSTOM_A%00 HTTP/1.1",
    "`%0A`": f"GET /resource_providers/{UUID}%0A HTTP/1.1",
    "`%zz`": "GET /traits/CUSTOM_%zz HTTP/1.1",
    "`%FF`, no UTF-8": "GET /traits/CUSTOM_%FF HTTP/1.1",
    "a byte beyond ASCII": "GET /traits/CUSTOM_\xe9 HTTP/1.1",
    "a NUL byte": "GET /traits/CUSTOM_A\0 HTTP/1.1",
    "a tab": "GET /traits/CUSTOM\tA HTTP/1.1",
    "`\\`": "GET /traits\\CUSTOM_A HTTP/1.1",
    "`;x=1`": "GET /traits;x=1 HTTP/1.1",
    "`#x`": "GET /traits#x HTTP/1.1",
    "`http://elsewhere/traits`": "GET http://elsewhere/traits HTTP/1.1",
    "`traits`": "GET traits HTTP/1.1",
    "`OPTIONS *`": "OPTIONS * HTTP/1.1",
    "`CONNECT h:80`": "CONNECT h:80 HTTP/1.1",
    "`get`": "get /traits HTTP/1.1",
    "`G#T`": "G#T /traits HTTP/1.1",
    "`PATCH`": "PATCH /traits HTTP/1.1",
    "`TRACE`": "TRACE /traits HTTP/1.1",
    "`HTTP/1.0`": "GET /traits HTTP/1.0",
    "`HTTP/0.9`": "GET /traits",
    "`HTTP/2.0`": "GET /traits HTTP/2.0",
    "two spaces": "GET  /traits HTTP/1.1",
    "32 KiB, as nova sends": f"GET /traits?name=in:{'A' * 32768} HTTP/1.1",
    "over 60,000 bytes": f"GET /traits?name={'A' * 60_000} HTTP/1.1",
    "over 80,000 bytes": f"GET /traits?name={'A' * 80_000} HTTP/1.1",
}
HARMLESS = {
    "`%2F` in a path",
    "`#x`",
    "`http://elsewhere/traits`",
    "`HTTP/1.0`",
    "`HTTP/0.9`",
    "`HTTP/2.0`",
    "two spaces",
    "32 KiB, as nova sends",
}
"""What may pass, where it is understood as an operation on traits, and goes on as that."""


@pytest.mark.parametrize(("row", "line"), REQUEST_LINES.items(), ids=REQUEST_LINES)
def test_a_request_line_is_refused_or_means_what_was_decided(site, told, row, line):
    request = site.request("GET", "/traits", "Connection: close")
    with site.as_decided() as got:
        answer = site.say(line.encode("latin-1") + request.removeprefix(GET.encode()))
    if row in HARMLESS and answer.status == 200:
        assert [
            raw.startswith((b"GET /traits?", b"GET /traits ", b"GET /traits/CUSTOM_A "))
            for raw in got
        ] == [True]
    else:
        assert got == []
        old_answer = row == "`HTTP/0.9`" and answer.raw.startswith(b'{"errors"')
        of_the_server = row == "`OPTIONS *`" and str(answer) == "200 server"
        assert not answer.raw or old_answer or of_the_server or 400 <= answer.status <= 505
    assert answer.by == "server" or site.is_recorded(answer)
    told(LINES, row, answer)


SHORTER = {"uWSGI": 30_000}
"""Bytes of the longest target that a server can take, where that is not 60,000."""


def test_a_long_line_goes_on_whole(site):
    longest = SHORTER.get(site.name, 59_000)
    target = f"/traits?name=in:{','.join(f'CUSTOM_{number:05d}' for number in range(5000))}"
    with site.as_decided() as got:
        assert site.ask("GET", target[:longest]).status == 200
    assert len(got[0].split(b" ")[1]) >= longest - 20


MALFORMED = {
    "a folded line": "X-Odd: b\r\n c",
    "a CR in a value": "X-Odd: b\rc",
    "a NUL in a value": "X-Odd: b\0c",
    "a LF that ends a line": "X-Odd: b\nX-B: c",
    "a space before the colon": "X-Odd : b",
    "a space in a name": "X A: b",
    "a line without a colon": "nonsense",
    "a second `Host`": "Host: elsewhere",
    "a second `X-Auth-Token`": "X-Auth-Token: another",
    "`Expect: something`": "Expect: something",
    "80 fields": "\r\n".join(f"X-{number}: x" for number in range(80)),
    "a field of 40,000 bytes": f"X-Odd: {'x' * 40_000}",
    "64 KiB together": "\r\n".join(f"X-{number}: {'x' * 1000}" for number in range(64)),
}
MAY_PASS = {
    "a line without a colon",
    "a folded line",
    "a CR in a value",
    "a LF that ends a line",
    "a second `Host`",
    "`Expect: something`",
}


@pytest.mark.parametrize(("row", "line"), MALFORMED.items(), ids=MALFORMED)
def test_a_malformed_header_is_refused(site, told, row, line):
    with site.as_decided() as got:
        answer = site.ask("GET", "/traits", line)
    if row not in MAY_PASS:
        assert got == []
        assert not answer.raw or 400 <= answer.status <= 431
    assert len(got) <= 1
    assert all(b"X-Odd" not in raw for raw in got)
    told(HEADERS, row, answer)


IDENTITY = [
    f"X{mark}{name}: {value}"
    for name, value in {
        "Roles": "admin",
        "Role": "admin",
        "User-Id": "admin-user",
        "Project-Id": "admin-project",
        "Identity-Status": "Confirmed",
        "Is-Admin-Project": "True",
        "Service-Roles": "service",
        "Service-Identity-Status": "Confirmed",
    }.items()
    for mark in "-_"
]


def test_identity_headers_of_a_client_give_nothing(site, told):
    nobody = Grant("nobody", ("reader",), "alpha")
    underscores = [line.replace("-", "_") for line in IDENTITY]
    with site.as_decided() as got:
        answer = site.ask("GET", "/traits", *IDENTITY, *underscores, grant=nobody)
        answer_without = site.ask("GET", "/traits", *IDENTITY, *underscores, grant=None)
    assert got == []
    assert (answer.status, answer_without.status) == (403, 401)
    told(HEADERS, "`X-Roles`, `X_Roles` and all others that tell who somebody is", answer)


@pytest.mark.parametrize("grant", [READER, None], ids=["beside", "alone"])
def test_a_token_with_an_underscore(site, told, grant, keystone):
    """Whoever has it could send it by its right name: all that matters is that one of the two is
    taken, for the decision and for what goes on.
    """
    token = keystone.issue(Grant("admin-user", ("admin",), "p"))
    with site.as_decided() as got:
        answer = site.ask("GET", "/traits", f"X_Auth_Token: {token}", grant=grant)
    assert [f"X-Auth-Token: {token}".encode() in raw for raw in got] == [True] * len(got)
    assert answer.status in ({200} if got else {401, 403} if grant else {401})
    told(HEADERS, f"`X_Auth_Token` {'beside `X-Auth-Token`' if grant else 'alone'}", answer)


def test_nobody_tells_under_which_address_the_proxy_is(site, told):
    """Location is made from what is configured."""
    lines = (
        *("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 1"),
        *("X-Forwarded-Prefix: /evil", "Forwarded: host=evil.example;proto=https"),
        *("X-Forwarded-For: 192.0.2.1", "X-Real-IP: 192.0.2.1", "X-Script-Name: /evil"),
        *("SCRIPT_NAME: /evil", "PATH_INFO: /evil", "X-Forwarded-Ssl: on", "REMOTE_ADDR: 1.2.3.4"),
    )
    body = b'{"name": "a"}'
    length = f"Content-Length: {len(body)}"
    with site.as_decided() as got:
        answer = site.ask("POST", "/resource_providers", JSON, length, *lines, body=body)
    assert [raw.partition(b"\r\n\r\n")[2] for raw in got] == [body]
    assert answer.headers["location"] == f"{site.running.url}/resource_providers/{UUID}"
    assert site.records()[-1]["client"] in {"127.0.0.1", ""}
    told(HEADERS, "`Forwarded`, `X-Forwarded-*` and `SCRIPT_NAME` change nothing", answer)


def test_nothing_is_upgraded(site, told):
    lines = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    with site.as_decided() as got:
        answer = site.say(site.request("GET", "/traits", *lines), timeout=2)
    assert answer.status in {200, 400}
    assert len(got) == (answer.status == 200)
    told(HEADERS, "`Upgrade: h2c` is not done", answer)


def test_the_answer_of_head_has_no_body(site, told):
    answer = site.ask("HEAD", "/resource_providers")
    assert (answer.status, answer.body) == (405, b"")
    assert answer.headers["allow"] == "GET, POST"
    told(LINES, "`HEAD`: no body", answer)


def test_what_is_good_passes(site):
    """So the tests above do tell what is refused for its form."""
    with site.as_decided() as got:
        assert str(site.ask("GET", "/traits")) == PASSES
    assert len(got) == 1
