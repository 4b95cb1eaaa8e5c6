"""Nothing leaves that could be read in two ways, and no refusal repeats a secret."""

from __future__ import annotations

import secrets

import pytest

from policy_proxy import errors
from policy_proxy.backend import Outbound, outgoing


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "get", "CONNECT", "GET\r\n", ""])
def test_methods_that_are_never_sent(method):
    with pytest.raises(errors.Internal):
        outgoing.check(Outbound(method, "/", ()))


@pytest.mark.parametrize(
    "target",
    ["", "x", "http://other/", "/a b", "/a\r\nX: y", "/a\0", "/a#b", "/caf\u00e9", "/a\x7f", "/\n"],
)
def test_targets_that_are_never_sent(target):
    with pytest.raises(errors.Internal):
        outgoing.check(Outbound("GET", target, ()))


@pytest.mark.parametrize(
    "name",
    ["", "X A", "X:A", "X\r\nA", "H\u00e9", "Host", "content-length", "Transfer-Encoding",
     "Connection", "Expect", "Upgrade", "TE", "Trailer", "Keep-Alive", "Proxy-Connection"],
)  # fmt: skip
def test_header_names_that_are_never_sent(name):
    with pytest.raises(errors.Internal):
        outgoing.check(Outbound("GET", "/", ((name, "x"),)))


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x7f", "\u0100", "\r\nX-Roles: admin"])
def test_header_values_that_are_never_sent_and_never_repeated(bad):
    token = secrets.token_urlsafe()
    with pytest.raises(errors.Internal) as caught:
        outgoing.check(Outbound("GET", "/", (("X-Auth-Token", token + bad),)))
    assert token not in caught.value.private + caught.value.detail
    assert "X-Auth-Token" in caught.value.private


def test_a_sound_request_passes_and_hides_its_token_from_repr():
    token = secrets.token_urlsafe()
    outbound = Outbound("PUT", "/a%20b?c=%C3%A9", (("X-Auth-Token", token), ("X-B", "\u00e9\t")))
    outgoing.check(outbound)
    assert token not in repr(outbound)


@pytest.mark.parametrize(
    ("method", "given", "sent"),
    [("GET", None, None), ("DELETE", None, None), ("PUT", None, b""), ("POST", None, b""),
     ("PATCH", None, b""), ("PUT", b"{}", b"{}"), ("DELETE", b"{}", b"{}")],
)  # fmt: skip
def test_methods_that_are_expected_to_have_a_body_get_an_empty_one(method, given, sent):
    assert outgoing.body(Outbound(method, "/", (), given)) == sent


def test_header_lines_keep_order_bytes_and_emptiness():
    lines = outgoing.header_lines((("B", "1"), ("A", "\u00e9"), ("C", ""), ("D", " ")))
    assert lines[len(outgoing.SUPPRESSED) :] == [b"B: 1", b"A: \xe9", b"C;", b"D;"]
