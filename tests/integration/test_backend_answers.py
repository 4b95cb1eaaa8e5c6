"""Hostile, broken and large answers: each is passed on whole, refused, or broken off."""

from __future__ import annotations

import secrets
import tracemalloc
from itertools import zip_longest

import pytest

from integration.raw_backend import OK, RawBackend, answering
from policy_proxy import errors
from policy_proxy.backend import Outbound
from policy_proxy.backend.answers import WHOLE_BYTES
from policy_proxy.backend.head import MAX_BYTES, MAX_LINES

GET = Outbound("GET", "/", ())
PUT = Outbound("PUT", "/", (), b"{}")
HEAD = b"HTTP/1.1 200 OK\r\n"
COUNTED = b"Content-Length: 2\r\n\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1 << 20


def asked(answer, outbound=GET, **overrides):
    """The answer to a request when the backend says these bytes and hangs up."""
    with RawBackend(answering(answer, close=True)) as backend:
        found = backend.client(**overrides).exchange(outbound)
        return found.status, found.headers, b"".join(found.body), found.length


PASSED = {
    "plain": (HEAD + b"X-A: 1\r\n" + COUNTED, 200, (("x-a", "1"),), b"{}", 2),
    "empty": (HEAD + b"Content-Length: 0\r\n\r\n", 200, (), b"", 0),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", 200, (), b"{}", 2),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n" + COUNTED, 200, (), b"{}", 2),
    "chunked": (HEAD + CHUNKED + b"1\r\n{\r\n1;x\r\n}\r\n0\r\nX-T: 1\r\n\r\n", 200, (), b"{}", 2),
    "chunked and empty": (HEAD + CHUNKED + b"0\r\n\r\n", 200, (), b"", 0),
    "204": (b"HTTP/1.1 204 X\r\n\r\n", 204, (), b"", None),
    "204 with a length": (b"HTTP/1.1 204 X\r\n" + COUNTED, 204, (), b"", None),
    "304 with a length": (b"HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n", 304, (), b"", None),
    "error until the end": (b"HTTP/1.1 500 X\r\n\r\n{}", 500, (), b"{}", 2),
    "not decompressed": (
        HEAD + b"Content-Encoding: gzip\r\n" + COUNTED,
        200, (("content-encoding", "gzip"),), b"{}", 2,
    ),
    "interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: x\r\n\r\n" + HEAD + COUNTED,
        200, (), b"{}", 2,
    ),
    "bytes beyond the end": (HEAD + COUNTED + HEAD, 200, (), b"{}", 2),
    "invalid name": (HEAD + b"X A: 1\r\nX-B: 2\r\n" + COUNTED, 200, (("x-b", "2"),), b"{}", 2),
    "hop by hop": (HEAD + b"Connection: close, x-a\r\nX-A: 1\r\n" + COUNTED, 200, (), b"{}", 2),
    "401": (b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic\r\n" + COUNTED,
            401, (("www-authenticate", "Basic"),), b"{}", 2),
    "417": (b"HTTP/1.1 417 X\r\n" + COUNTED, 417, (), b"{}", 2),
}  # fmt: skip


@pytest.mark.parametrize("outbound", [GET, PUT], ids=["GET", "PUT"])
@pytest.mark.parametrize("case", PASSED.values(), ids=PASSED)
def test_sound_answers_are_passed_on(case, outbound):
    answer, *expected = case
    assert asked(answer, outbound) == tuple(expected)


REFUSED = {
    "nothing": b"",
    "HTTP/0.9": b"{}",
    "much HTTP/0.9": b"x" * 100_000,
    "HTTP/2": b"HTTP/2 200 OK\r\n" + COUNTED,
    "HTTP/3.1": b"HTTP/3.1 200 OK\r\n" + COUNTED,
    "no status": b"HTTP/1.1 OK\r\n" + COUNTED,
    "short status": b"HTTP/1.1 20 OK\r\n" + COUNTED,
    "status below 100": b"HTTP/1.1 099 X\r\n" + COUNTED,
    "status beyond 599": b"HTTP/1.1 600 X\r\n" + COUNTED,
    "switching protocols": b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n" + OK,
    "interim answer alone": b"HTTP/1.1 100 Continue\r\n\r\n",
    "endless interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_LINES + OK,
    "head cut off": HEAD + b"Content-Length: 2\r\n",
    "too many headers": HEAD + b"X-A: b\r\n" * MAX_LINES + COUNTED,
    "too large headers": HEAD + b"X-A: " + b"b" * MAX_BYTES + b"\r\n" + COUNTED,
    "endless header": HEAD + b"X-A: " + b"b" * MIB,
    "NUL in a header": HEAD + b"X-A: \0\r\n" + COUNTED,
    "header without colon": HEAD + b"nonsense\r\n" + COUNTED,
    "folded status line": HEAD + b" " + COUNTED,
    "folded length": HEAD + b"Content-Length: 2\r\n 3\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 3\r\n" + COUNTED,
    "the length twice": HEAD + b"Content-Length: 2\r\n" + COUNTED,
    "list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
    "signed length": HEAD + b"Content-Length: +2\r\n\r\n{}",
    "negative length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "length with a blank before the colon": HEAD + b"Content-Length : 2\r\n\r\n{}",
    "huge length": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "length and chunked": HEAD + b"Content-Length: 2\r\n" + CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\n" + CHUNKED + b"0\r\n\r\n",
    "chunked HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    "gzip as transfer coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "success until the end": HEAD + b"\r\n{}",
    "body cut off": HEAD + b"Content-Length: 3\r\n\r\n{}",
    "error body cut off": b"HTTP/1.1 500 X\r\nContent-Length: 3\r\n\r\n{}",
    "large body cut off": HEAD + b"Content-Length: %d\r\n\r\n{}" % WHOLE_BYTES,
    "chunks cut off": HEAD + CHUNKED + b"2\r\n{}\r\n",
    "chunk cut off": HEAD + CHUNKED + b"5\r\n{}",
    "chunk of no size": HEAD + CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "chunk of a huge size": HEAD + CHUNKED + b"ffffffffffffffff0\r\n{}\r\n",
    "chunk longer than its size": HEAD + CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "endless trailers": HEAD + CHUNKED + b"0\r\n" + b"X-T: 1\r\n" * MAX_LINES + b"\r\n",
}


@pytest.mark.parametrize("outbound", [GET, PUT], ids=["GET", "PUT"])
@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_broken_answers_are_refused_and_the_client_lives(answer, outbound):
    with RawBackend(answering(answer, close=True), answering(OK)) as backend:
        client = backend.client()
        with pytest.raises(errors.BackendFailed, match="gave a broken answer") as caught:
            client.exchange(outbound)
        assert caught.value.private
        assert len(backend.requests) == 1
        assert client.exchange(outbound).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Transfer-Encoding: %s\r\n\r\n{}",
        HEAD + CHUNKED + b"%s\r\n{}\r\n",
        HEAD + b"Content-Length: %s\r\n\r\n{}",
        HEAD + b"%s\r\n" + COUNTED,
        b"%s\r\n",
        b"HTTP/1.1 %s\r\n\r\n",
    ],
)
def test_a_token_that_the_backend_repeats_is_in_no_failure(answer):
    token = "f" + secrets.token_hex()
    with pytest.raises(errors.BackendFailed) as caught:
        asked(answer % token.encode(), Outbound("GET", "/", (("X-Auth-Token", token),)))
    assert token not in caught.value.private + caught.value.detail


@pytest.mark.parametrize(
    ("line", "read"),
    [(b"X-A: b\r\n  c\r\n", (("x-a", "b c"),)), (b"X-A: b\rX-C: d\r\n", ())],
    ids=["folded", "return in it"],
)
def test_a_header_without_a_clear_end_is_never_cut(line, read):
    """Versions of libcurl differ in whether the whole answer is refused."""
    try:
        _, headers, _, _ = asked(HEAD + line + COUNTED)
    except errors.BackendFailed:
        return
    assert headers == read


def pieces(count, size=65536):
    """A body whose every piece is different, so that a lost or repeated one is seen."""
    return [index.to_bytes(4) * (size // 4) for index in range(count)]


def streaming(body, declared=None):
    """Answers every request with these pieces, announced by their length."""
    length = sum(map(len, body)) if declared is None else declared

    def script(connection):
        while connection.hear():
            connection.say(HEAD + b"Content-Length: %d\r\n\r\n" % length, *body)
            if declared is not None:
                return

    return script


def chunking(body, end=b"0\r\n\r\n"):
    def script(connection):
        connection.hear()
        connection.say(HEAD + CHUNKED)
        for piece in body:
            connection.say(b"%x\r\n" % len(piece), piece, b"\r\n")
        connection.say(end)

    return script


def test_a_large_answer_is_streamed_whole_and_its_connection_is_kept():
    body = pieces(64)
    with RawBackend(streaming(body)) as backend:
        client = backend.client()
        for _ in range(2):
            answer = client.exchange(GET)
            assert answer.length == 4 * MIB
            assert not isinstance(answer.body, tuple)
            assert b"".join(answer.body) == b"".join(body)
            answer.close()
        assert backend.connections == 1


def test_a_large_answer_that_is_cut_off_breaks_off():
    with RawBackend(streaming(pieces(16), declared=2 * MIB)) as backend:
        answer = backend.client().exchange(GET)
        for _ in range(2):
            with pytest.raises(errors.AnswerBroken):
                b"".join(answer.body)


def test_a_large_chunked_answer_is_verified_and_then_has_a_length():
    body = pieces(64)
    with RawBackend(chunking(body)) as backend:
        answer = backend.client().exchange(GET)
        assert answer.length == 4 * MIB
        assert b"".join(answer.body) == b"".join(body)
        answer.close()


def test_a_large_chunked_answer_that_is_cut_off_is_refused():
    with RawBackend(chunking(pieces(64), end=b"")) as backend, pytest.raises(errors.BackendFailed):
        backend.client().exchange(GET)


@pytest.mark.parametrize("make", [streaming, chunking])
def test_an_answer_may_be_as_large_as_the_limit_and_no_larger(make):
    body = pieces(8)
    with RawBackend(make(body)) as backend:
        answer = backend.client(max_answer_bytes=MIB // 2).exchange(GET)
        assert sum(map(len, answer.body)) == MIB // 2
        with pytest.raises(errors.BackendFailed) as caught:
            backend.client(max_answer_bytes=MIB // 2 - 1).exchange(GET)
    assert "max_answer_bytes" in caught.value.private
    assert "max_answer_bytes" not in caught.value.detail


def test_an_endless_error_is_refused():
    def script(connection):
        connection.hear()
        connection.say(b"HTTP/1.1 500 X\r\n\r\n")
        while True:
            connection.say(bytes(65536))

    with RawBackend(script) as backend, pytest.raises(errors.BackendFailed):
        backend.client(max_answer_bytes=MIB).exchange(GET)


def test_closing_an_answer_early_closes_the_connection():
    with RawBackend(streaming(pieces(512))) as backend:
        client = backend.client()
        answer = client.exchange(GET)
        next(iter(answer.body))
        answer.close()
        answer.close()
        assert backend.gone.acquire(timeout=2)
        with pytest.raises(errors.AnswerBroken):
            next(iter(answer.body))


def test_answers_streamed_slowly_keep_memory_flat():
    with RawBackend(streaming(pieces(1) * 384)) as backend:
        client = backend.client()
        answers = [client.exchange(GET) for _ in range(4)]
        tracemalloc.start()
        try:
            received = 0
            for turn in zip_longest(*(answer.body for answer in answers), fillvalue=b""):
                received += sum(map(len, turn))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert received == 4 * 24 * MIB
    assert peak < 6 * MIB
