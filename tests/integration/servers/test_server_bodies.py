"""Bodies in every framing: forwarded whole and once, or not at all."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from harness.keystone import Grant
from integration.servers.site import JSON, PASSES, REFUSED, Answer

BODIES = "Bodies"
BODY = b'{"name": "a"}'
CHUNKED = b'd\r\n{"name": "a"}\r\n0\r\n\r\n'
LENGTH = f"Content-Length: {len(BODY)}"
TE = "Transfer-Encoding: chunked"
SMUGGLED = b"GET /traits/CUSTOM_SMUGGLED HTTP/1.1\r\nHost: h\r\n\r\n"

WHOLE = {
    "a body with its length": ([LENGTH], BODY),
    "a chunked body": ([TE], CHUNKED),
    "a chunked body with a trailer": ([TE], CHUNKED[:-2] + b"X-Roles: admin\r\n\r\n"),
    "a chunked body with an extension": ([TE], CHUNKED.replace(b"d\r", b"d;x=1\r")),
    "`Content-Length` twice, alike": ([LENGTH, LENGTH], BODY),
    "`Content-Length` with `Content_Length`": ([LENGTH, "Content_Length: 5"], BODY),
    "`Content-Length` with `Transfer_Encoding`": ([LENGTH, "Transfer_Encoding: chunked"], BODY),
    "`Transfer-Encoding: Chunked`": (["Transfer-Encoding: Chunked"], CHUNKED),
}
"""What may be forwarded, as it is and once."""


@pytest.mark.parametrize(("row", "sent"), WHOLE.items(), ids=WHOLE)
def test_a_body_is_forwarded_whole_or_not_at_all(site, told, row, sent):
    lines, body = sent
    with site.as_decided() as got:
        answer = site.ask("POST", "/resource_providers", JSON, *lines, body=body)
    assert [raw.partition(b"\r\n\r\n")[2] for raw in got] == [BODY] * (answer.status == 201)
    assert answer.status in {201, 400, 411}
    told(BODIES, row, answer)


UNCLEAR = {
    "both a length and chunks": ([TE, "Content-Length: 3"], CHUNKED + SMUGGLED),
    "two lengths": ([LENGTH, "Content-Length: 3"], BODY + SMUGGLED),
    "`Content-Length: +13`": (["Content-Length: +13"], BODY + SMUGGLED),
    "`Content-Length: 1_3`": (["Content-Length: 1_3"], BODY + SMUGGLED),
    "`Content-Length: 13, 13`": (["Content-Length: 13, 13"], BODY + SMUGGLED),
    "`Transfer-Encoding: gzip, chunked`": (["Transfer-Encoding: gzip, chunked"], CHUNKED),
    "`Transfer-Encoding: xchunked`": (["Transfer-Encoding: xchunked"], CHUNKED),
    "`Transfer-Encoding` twice": ([TE, "Transfer-Encoding: identity"], CHUNKED),
    "`Transfer-Encoding` after a vertical tab": (["Transfer-Encoding:\x0bchunked"], CHUNKED),
    "`Content-Encoding: gzip`": ([LENGTH, "Content-Encoding: gzip"], BODY),
    "a chunk size that is no number": ([TE], b"+d\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk longer than it says": ([TE], b"c\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunks with LF alone": ([TE], CHUNKED.replace(b"\r\n", b"\n")),
}
"""Framings that two readers could read differently."""
MAY_PASS = {"both a length and chunks", "chunks with LF alone", "`Transfer-Encoding` twice"}
"""RFC 9112 (6.3) lets a server take the chunks, and lets it refuse them."""


@pytest.mark.parametrize(("row", "sent"), UNCLEAR.items(), ids=UNCLEAR)
def test_an_unclear_framing_is_refused(site, told, row, sent):
    lines, body = sent
    more = () if SMUGGLED in body else ("Connection: close",)
    request = site.request("POST", "/resource_providers", JSON, *more, *lines, body=body)
    with site.as_decided() as got:
        answer = site.say(request, timeout=1.5)
    assert answer.raw.count(b"HTTP/1.1 ") <= (2 if SMUGGLED in body else 1)
    if row in MAY_PASS and answer.status == 201:
        assert [raw.partition(b"\r\n\r\n")[2] for raw in got] == [BODY]
    else:
        assert got == []
    told(BODIES, row, answer)


NO_FRAMING = {
    "only `Content_Length`": (["Content_Length: 13"], BODY),
    "only `Transfer_Encoding`": (["Transfer_Encoding: chunked"], CHUNKED),
}
"""To HTTP, these announce no body; what follows is a second request, and no good one. uWSGI takes
the first for a length, and closes the connection: what follows it is nobody's request.
"""


@pytest.mark.parametrize(("row", "sent"), NO_FRAMING.items(), ids=NO_FRAMING)
def test_a_framing_with_an_underscore_is_none(site, told, row, sent):
    lines, body = sent
    request = site.request("POST", "/resource_providers", JSON, *lines, body=body)
    with site.as_decided() as got:
        answer = site.say(request, timeout=1.5)
    bodies = [raw.partition(b"\r\n\r\n")[2] for raw in got]
    assert bodies in ([[b""], [BODY]] if answer.status == 201 else [[]])
    assert not answer.raw or answer.status in {201, 400, 411}
    assert answer.raw.count(b"HTTP/1.1 ") == 1 or bodies != [BODY]
    told(BODIES, row, f"{answer}, without a body" if bodies == [b""] else answer)


BROKEN_OFF = {
    "a body that breaks off": ([LENGTH], BODY[:7]),
    "a chunked body that breaks off in a chunk": ([TE], CHUNKED[:9]),
    "a chunked body that breaks off between chunks": ([TE], CHUNKED[:18]),
    "a chunked body that breaks off before the first": ([TE], b""),
}


@pytest.mark.parametrize("end", ["half", "reset"])
@pytest.mark.parametrize(("row", "sent"), BROKEN_OFF.items(), ids=BROKEN_OFF)
def test_a_body_that_breaks_off_is_not_forwarded(site, told, row, sent, end):
    lines, body = sent
    request = site.request("POST", "/resource_providers", JSON, *lines, body=body)
    with site.as_decided() as got:
        if end == "half":
            answer = site.say(request, timeout=2, half_close=True)
            assert not answer.raw or answer.status in {400, 408, 411} or _says_no_more(answer)
        else:
            _reset(site, request)
            time.sleep(0.3)
    assert got == []
    assert str(site.ask("GET", "/traits")) == PASSES
    told(BODIES, row, REFUSED)


def _says_no_more(answer):
    """Apache cannot go on without the body, whatever the proxy has answered."""
    return str(answer) == "500 server"


def _reset(site, request):
    """The client is gone without a word."""
    with socket.create_connection((site.running.host, site.running.port)) as sock:
        sock.sendall(request)
        time.sleep(0.1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_body_over_the_limit_is_refused_unread(site, told):
    length = f"Content-Length: {8 * 1024 * 1024 + 1}"
    with site.as_decided() as got:
        answer = site.ask("POST", "/resource_providers", JSON, length, body=b"{", timeout=3)
    assert (answer.status, got) == (413, [])
    told(BODIES, "over 8 MiB", answer)


def test_endless_chunks_are_refused(site, told):
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    request = site.request("POST", "/resource_providers", JSON, TE)
    with site.as_decided() as got:
        answer = _answer_while_sending(site, request, chunk, 64)
    assert not answer.raw or answer.status in {411, 413}
    assert got == []
    told(BODIES, "chunks without end", REFUSED)


def _answer_while_sending(site, request, chunk, most):
    with socket.create_connection((site.running.host, site.running.port)) as sock:
        sock.settimeout(2)
        try:
            sock.sendall(request)
            for _ in range(most):
                sock.sendall(chunk)
            return Answer(sock.recv(65536))  # it takes what comes, to be heard, and forgets it
        except ConnectionError:  # it has hung up
            return Answer(b"")


def test_the_body_of_a_get_goes_nowhere(site, told):
    with site.as_decided() as got:
        answer = site.ask("GET", "/traits", JSON, LENGTH, body=BODY)
    assert [raw.partition(b"\r\n\r\n")[2] for raw in got] == [b""] * (answer.status == 200)
    told(BODIES, "`GET` with a body, which goes nowhere", answer)


def test_the_body_of_a_refused_write_is_no_request(site, told):
    """Left unread, it would be the next request on the connection."""
    hidden = site.request("PUT", "/traits/CUSTOM_SMUGGLED")
    nobody = Grant("nobody", ("reader",), "alpha")
    length = f"Content-Length: {len(hidden)}"
    request = site.request("POST", "/resource_providers", JSON, length, body=hidden, grant=nobody)
    with site.as_decided() as got:
        answer = site.say(request, timeout=1)
    assert got == []
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    told(BODIES, "a refused write whose body looks like a request", answer)


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "denied"])
def test_100_continue(site, told, allowed):
    grant = Grant("somebody", ("admin" if allowed else "reader",), "alpha")
    lines = ("Connection: close", JSON, LENGTH, "Expect: 100-continue")
    request = site.request("POST", "/resource_providers", *lines, grant=grant)
    with (
        site.as_decided() as got,
        socket.create_connection((site.running.host, site.running.port)) as sock,
    ):
        sock.sendall(request)
        first = _first(sock)
        interim = first.startswith(b"HTTP/1.1 100 ")
        rest = first.partition(b"\r\n\r\n")[2] if interim else first
        if interim or not first:
            sock.sendall(BODY)
        while chunk := sock.recv(65536):
            rest += chunk
    answer = Answer(rest)
    assert answer.status == (201 if allowed else 403)
    assert len(got) == allowed
    row = f"`Expect: 100-continue`, {'allowed' if allowed else 'denied'}"
    told(BODIES, row, f"{answer}{', after 100' if interim else '' if first else ', unasked'}")


def _first(sock):
    """What comes while the client waits. It need not wait forever (RFC 9110, section 10.1.1)."""
    sock.settimeout(1)
    try:
        return sock.recv(65536)
    except TimeoutError:
        return b""
    finally:
        sock.settimeout(5)
