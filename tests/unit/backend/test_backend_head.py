"""The head of an answer: what is believed, what is left out, what refuses the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy import errors
from policy_proxy.backend.head import MAX_BYTES, MAX_LINES, Framing, final, parse

OK = b"HTTP/1.1 200 OK\r\n"
COUNTED = b"Content-Length: 2\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def head(*lines, status=OK):
    return parse(b"".join([status, *lines]))


@pytest.mark.parametrize(
    ("lines", "framing", "length"),
    [
        ([COUNTED], Framing.COUNTED, 2),
        ([b"CONTENT-LENGTH:\t0 \r\n"], Framing.COUNTED, 0),
        ([CHUNKED], Framing.CHUNKED, None),
        ([b"transfer-encoding: Chunked\r\n"], Framing.CHUNKED, None),
        ([], Framing.UNTIL_CLOSE, None),
    ],
)
def test_framing(lines, framing, length):
    found = head(*lines)
    assert (found.framing, found.length, found.ends_clean) == (framing, length, True)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    ("lines", "clean"),
    [([], True), ([b"Content-Length: 0\r\n"], True), ([COUNTED], False), ([CHUNKED], False)],
)
def test_statuses_without_a_body_end_with_their_head(status, lines, clean):
    found = head(*lines, status=b"HTTP/1.1 %d X\r\n" % status)
    assert (found.framing, found.length, found.ends_clean) == (Framing.EMPTY, 0, clean)


@pytest.mark.parametrize(
    "lines",
    [
        [COUNTED, COUNTED],
        [COUNTED, b"Content-Length: 3\r\n"],
        [COUNTED, CHUNKED],
        [CHUNKED, CHUNKED],
        [b"Content-Length: 2, 2\r\n"],
        [b"Content-Length: +2\r\n"],
        [b"Content-Length: -2\r\n"],
        [b"Content-Length: 1_0\r\n"],
        [b"Content-Length: 0x2\r\n"],
        [b"Content-Length: \xb2\r\n"],
        [b"Content-Length:\r\n"],
        [b"Content-Length: 1234567890123456789\r\n"],
        [b"Transfer-Encoding: gzip, chunked\r\n"],
        [b"Transfer-Encoding: identity\r\n"],
        [b"Transfer-Encoding:\r\n"],
        [b"X-A: b\r\n", b" folded\r\n", COUNTED],
        [b"\tfolded into the status line\r\n", COUNTED],
    ],
)
def test_ambiguous_framing_and_folding_refuse_the_answer(lines):
    with pytest.raises(errors.BackendFailed):
        head(*lines)


def test_chunked_is_unknown_to_http_1_0():
    with pytest.raises(errors.BackendFailed):
        head(CHUNKED, status=b"HTTP/1.0 200 OK\r\n")
    assert head(COUNTED, status=b"HTTP/1.0 200 OK\r\n").length == 2


@pytest.mark.parametrize(
    "status",
    [
        b"", b"{}", b"HTTP/1.1 200OK\r\n", b"HTTP/1.1 20 OK\r\n", b"HTTP/1.1 099 X\r\n",
        b"HTTP/1.1 600 X\r\n", b"HTTP/1.1  200 OK\r\n", b"HTTP/2 200 OK\r\n",
        b"HTTP/1.2 200 OK\r\n", b"HTTP/1.1 200 O\x00K\r\n", b"HTTP/1.1 200 O\rK\r\n",
        b"http/1.1 200 OK\r\n",
        b" HTTP/1.1 200 OK\r\n", b"HTTP/1.1 \xb2\xb2\xb2 X\r\n",
    ],
)  # fmt: skip
def test_invalid_status_lines_refuse_the_answer(status):
    with pytest.raises(errors.BackendFailed):
        head(COUNTED, status=status)


@pytest.mark.parametrize(
    "line",
    [
        b"no colon\r\n", b": no name\r\n", b"X A: blank in it\r\n", b"X-A : blank behind it\r\n",
        b"X-A: nul \x00\r\n", b"X-A: bare \r return\r\n", b"X-A: two returns\r\r\n",
        b"X-A: \x7f\r\n", b"X-\xe9: name\r\n",
    ],
)  # fmt: skip
def test_an_invalid_header_is_left_out_alone(line):
    assert head(b"X-B: 1\r\n", line, COUNTED, b"X-C: 2\r\n").headers == (
        ("x-b", "1"), ("x-c", "2"),
    )  # fmt: skip


def test_headers_keep_order_repetition_and_bytes():
    found = head(b"B:1\r\n", b"A: \xc3\xa9 \r\n", b"b: \r\n", COUNTED)
    assert found.headers == (("b", "1"), ("a", "\u00c3\u00a9"), ("b", ""))


def test_hop_by_hop_headers_and_those_that_connection_names_stay_here():
    found = head(
        b"Connection: close, X-Private\r\n", b"connection: X-More\r\n", b"X-Private: 1\r\n",
        b"X-More: 2\r\n", b"Keep-Alive: 5\r\n", b"Upgrade: h2c\r\n", b"TE: x\r\n",
        b"Trailer: x\r\n", b"Proxy-Authenticate: x\r\n", b"X-Public: 3\r\n", COUNTED,
    )  # fmt: skip
    assert found.headers == (("x-public", "3"),)


def test_close_is_no_header():
    """It is reserved for what `Connection` says: RFC 9112, section 9.6."""
    assert head(b"Connection: close\r\n", b"Close: 1\r\n", COUNTED).headers == ()


INTERIM = [b"HTTP/1.1 100 Continue\r\n", b"\r\n", b"HTTP/1.1 103 X\r\n", b"L: 1\r\n", b"\r\n"]


def test_interim_heads_are_skipped_and_trailers_ignored():
    assert final(INTERIM) is None
    assert final([*INTERIM, OK, b"X-A: 1\r\n", CHUNKED]) is None
    head = [*INTERIM, OK, b"X-A: 1\r\n", CHUNKED, b"\r\n"]
    for trailers in ([], [b"X-Trailer: 1\r\n"], [b"X-Trailer: 1\r\n", b"\r\n"]):
        found = final([*head, *trailers])
        assert found is not None
        assert (found.status, found.headers) == (200, (("x-a", "1"),))


def test_switching_protocols_refuses_the_answer():
    with pytest.raises(errors.BackendFailed):
        final([b"HTTP/1.1 101 Switching Protocols\r\n", b"\r\n"])


@pytest.mark.parametrize(
    "lines",
    [
        [OK] + [b"X-A: b\r\n"] * MAX_LINES,
        [OK, b"X-A: " + b"b" * MAX_BYTES + b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n", b"\r\n"] * (MAX_LINES // 2 + 1),
        [OK, CHUNKED, b"\r\n"] + [b"X-Trailer: 1\r\n"] * MAX_LINES,
    ],
)
def test_heads_interim_answers_and_trailers_are_bounded(lines):
    with pytest.raises(errors.BackendFailed, match="broken answer"):
        final(lines)


def test_a_long_value_of_blanks_costs_no_time():
    assert head(b"X-A:" + b" \t" * (MAX_BYTES // 2 - 8) + b"b\r\n", COUNTED).headers == (
        ("x-a", "b"),
    )


@given(st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"") + b"\r\n")))
def test_whatever_comes_is_a_sound_head_or_a_refusal(lines):
    try:
        found = head(*lines)
    except errors.BackendFailed:
        return
    for name, value in found.headers:
        assert name == name.lower()
        assert not set(name + value) & set("\r\n\0")
    assert (found.length is None) == (found.framing in {Framing.CHUNKED, Framing.UNTIL_CLOSE})
