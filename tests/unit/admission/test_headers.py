from __future__ import annotations

import dataclasses

import pytest

from policy_proxy.admission import headers
from policy_proxy.errors import HeadersTooLarge, Malformed, UnsupportedMedia
from unit.admission.small_service import LIMITS, environ_of


def check(limits=LIMITS, **more):
    headers.check(environ_of(**more), limits)


def test_an_ordinary_header_passes():
    check(body=b"{}", HTTP_ACCEPT="*/*", HTTP_CONTENT_ENCODING="identity")
    check(CONTENT_LENGTH="", CONTENT_TYPE="")
    check(HTTP_TRANSFER_ENCODING="chunked", CONTENT_TYPE="application/json", CONTENT_LENGTH="")


def test_one_field_more_than_allowed_is_refused():
    fields = {f"HTTP_X_{number}": "" for number in range(LIMITS.max_headers - 2)}
    check(**fields)
    with pytest.raises(HeadersTooLarge):
        check(**fields, HTTP_ONE_MORE="")


def test_one_byte_more_than_allowed_is_refused():
    limits = dataclasses.replace(LIMITS, max_header_bytes=1010)
    only = {"HTTP_HOST": None, "HTTP_X_AUTH_TOKEN": None}
    check(limits, **only, HTTP_X_FILLING="x" * 1001)
    with pytest.raises(HeadersTooLarge):
        check(limits, **only, HTTP_X_FILLING="x" * 1002)


@pytest.mark.parametrize("character", [*map(chr, range(32)), "\x7f"])
@pytest.mark.parametrize("name", ["HTTP_X_ANY", "HTTP_X_AUTH_TOKEN", "CONTENT_TYPE"])
def test_control_characters_are_refused_wherever_they_are(name, character):
    with pytest.raises(Malformed):
        check(**{name: f"a{character}b"})


def test_a_name_may_hold_what_rfc_9110_says():
    check(**{"HTTP_X_AZ09.!#$%&'*+^`|~-": "b"})


@pytest.mark.parametrize("name", ["X_A ", "CONTENT_LENGTH\t", "X A", "X(A", "X:A", "X\xe9", "X\0"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(Malformed):
        check(**{f"HTTP_{name}": "b"})


@pytest.mark.parametrize(
    "length", ["hi mom", "+5", "-5", "1_0", "0x5", "5 ", " 5", "5,5", "1" * 19, "\u0665", "5.0"]
)
def test_a_length_is_written_in_digits(length):
    with pytest.raises(Malformed, match="content-length header must be an integer"):
        check(CONTENT_LENGTH=length)


@pytest.mark.parametrize(
    "framing",
    [
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "0"},
        {"HTTP_TRANSFER_ENCODING": "gzip, chunked"},
        {"HTTP_TRANSFER_ENCODING": "chunked, chunked"},
        {"HTTP_TRANSFER_ENCODING": "Chunked"},
        {"HTTP_TRANSFER_ENCODING": "identity"},
        {"HTTP_TRANSFER_ENCODING": ""},
        {"HTTP_CONTENT_LENGTH": "5"},
        {"HTTP_CONTENT_LENGTH": "5", "CONTENT_LENGTH": "6"},
        {"HTTP_CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_CONTENT_TYPE": "application/json"},
        {"HTTP_CONTENT_TYPE": "application/json", "CONTENT_TYPE": "text/plain"},
    ],
    ids=str,
)
def test_framing_that_could_be_read_in_two_ways_is_refused(framing):
    with pytest.raises(Malformed):
        check(**framing)


def test_a_gateway_may_say_the_same_twice():
    check(HTTP_CONTENT_LENGTH="5", CONTENT_LENGTH="5")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "zstd"])
def test_a_compressed_body_is_never_inflated(coding):
    with pytest.raises(UnsupportedMedia):
        check(HTTP_CONTENT_ENCODING=coding)
