from __future__ import annotations

import io

import pytest

from policy_proxy.admission import body
from policy_proxy.errors import BodyTooLarge, LengthRequired, Malformed, UnsupportedMedia
from policy_proxy.model import BodyRule
from unit.admission.small_service import environ_of

LIMIT = 1000
NO_TYPE = "content-type header required when content-length > 0"


class Trickle(io.RawIOBase):
    """Gives its content a few bytes at a time and counts what was read."""

    def __init__(self, content: bytes, step: int = 7) -> None:
        self.left, self.step, self.given = content, step, 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        step = min(size, self.step)
        chunk, self.left = self.left[:step], self.left[step:]
        self.given += len(chunk)
        return chunk


class Failing(io.RawIOBase):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


class Endless(Trickle):
    def read(self, size: int = -1) -> bytes:
        self.left = b"x" * self.step
        return super().read(size)


def read(rule: BodyRule = BodyRule.REQUIRED, **more):
    environ = environ_of("PUT", **more)
    body.check_declared(environ, rule, LIMIT)
    return body.read(environ, rule, LIMIT)


def chunked(stream, **more):
    return {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        **more,
    }


def test_a_body_in_one_piece_is_not_copied():
    content = b"x" * LIMIT

    class Whole(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            del size
            return content

    assert read(body=content, **{"wsgi.input": Whole()}) is content


def test_a_body_in_many_pieces_is_put_together():
    content = bytes(range(256)) * 3
    assert read(body=content, **{"wsgi.input": Trickle(content)}) == content
    assert read(**chunked(Trickle(content))) == content


def test_what_follows_the_declared_length_is_left_alone():
    stream = io.BytesIO(b"{}GET /things HTTP/1.1")
    assert read(body=b"{}", **{"wsgi.input": stream}) == b"{}"
    assert stream.read() == b"GET /things HTTP/1.1"


def test_a_declared_body_that_is_too_large_is_not_even_read():
    stream = Trickle(b"x" * 2 * LIMIT)
    with pytest.raises(BodyTooLarge, match="1000 bytes"):
        read(body=b"x" * (LIMIT + 1), **{"wsgi.input": stream})
    assert stream.given == 0


def test_an_endless_chunked_body_is_read_to_the_limit():
    stream = Endless(b"", step=64)
    with pytest.raises(BodyTooLarge):
        read(**chunked(stream))
    assert stream.given == LIMIT + 1


def test_a_chunked_body_of_the_largest_size_is_taken():
    assert len(read(**chunked(Trickle(b"x" * LIMIT)))) == LIMIT


def test_a_chunked_body_needs_a_server_that_finds_its_end():
    with pytest.raises(LengthRequired):
        read(**chunked(io.BytesIO(b"{}"), **{"wsgi.input_terminated": None}))


def test_a_server_that_only_claims_to_tell_the_end_is_not_believed():
    with pytest.raises(LengthRequired):
        read(**chunked(io.BytesIO(b"{}"), SERVER_SOFTWARE="Granian"))


@pytest.mark.parametrize("received", [b"", b'{"a": ', b"x" * 19])
def test_a_body_that_ends_early_is_refused(received):
    with pytest.raises(Malformed, match="ended before its declared length"):
        read(body=b"x" * 20, **{"wsgi.input": io.BytesIO(received)})


@pytest.mark.parametrize(
    "error",
    [OSError("reset"), TimeoutError(), ValueError("chunk"), EOFError(), Exception("gunicorn's")],
)
@pytest.mark.parametrize("rule", BodyRule)
def test_a_body_that_cannot_be_read_is_refused(rule, error):
    with pytest.raises(Malformed) as refused:
        read(rule, body=b"{}", **{"wsgi.input": Failing(error)})
    assert refused.value.detail == "The body could not be read."


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
    ],
)
@pytest.mark.parametrize("rule", [BodyRule.REQUIRED, BodyRule.OPTIONAL])
def test_json_is_called_by_its_name(rule, content_type):
    assert read(rule, body=b"{}", content_type=content_type) == b"{}"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; version=2",
        "application/json, text/plain",
        "application/jsonp",
        "application/json\xa0",
    ],
)
@pytest.mark.parametrize("rule", [BodyRule.REQUIRED, BodyRule.OPTIONAL])
def test_nothing_else_is_taken_for_json(rule, content_type):
    with pytest.raises(UnsupportedMedia):
        read(rule, body=b"{}", content_type=content_type)


@pytest.mark.parametrize(
    ("content_type", "named"),
    [("text/plain", "text/plain"), ("<script>", "given"), ("x" * 101, "given"), ("", "None")],
)
def test_the_media_type_is_repeated_only_if_harmless(content_type, named):
    with pytest.raises(UnsupportedMedia) as refused:
        read(CONTENT_TYPE=content_type)
    assert refused.value.detail == (
        f"The media type {named} is not supported, use application/json"
    )


@pytest.mark.parametrize("rule", BodyRule)
def test_every_body_has_a_type(rule):
    with pytest.raises(Malformed, match=NO_TYPE):
        read(rule, body=b"x", content_type=None)
    with pytest.raises(Malformed, match=NO_TYPE):
        read(rule, **chunked(io.BytesIO(b"x"), CONTENT_TYPE=None))


def test_a_body_that_is_not_wanted_is_read_and_forgotten():
    stream = io.BytesIO(b"anything")
    assert read(BodyRule.NONE, body=b"anything", content_type="text/plain",
                **{"wsgi.input": stream}) is None  # fmt: skip
    assert stream.tell() == len(b"anything")
    with pytest.raises(BodyTooLarge):
        read(BodyRule.NONE, body=b"x" * (LIMIT + 1))


@pytest.mark.parametrize("rule", [BodyRule.NONE, BodyRule.OPTIONAL])
@pytest.mark.parametrize("more", [{}, {"CONTENT_LENGTH": "0"}, {"CONTENT_LENGTH": ""}])
def test_no_body_is_none(rule, more):
    assert read(rule, **more) is None
    assert read(rule, **more, CONTENT_TYPE="text/plain") is None


def test_a_required_body_that_is_absent_is_empty():
    assert read(CONTENT_TYPE="application/json") == b""


@pytest.mark.parametrize("rule", [BodyRule.REQUIRED, BodyRule.OPTIONAL])
def test_a_chunked_body_that_is_empty_may_have_broken_off(rule):
    with pytest.raises(Malformed, match="empty"):
        read(rule, **chunked(io.BytesIO(b"")))
    assert read(BodyRule.NONE, **chunked(io.BytesIO(b""))) is None


def test_without_a_declaration_nothing_is_read():
    stream = Trickle(b"{}")
    assert read(BodyRule.OPTIONAL, **{"wsgi.input": stream}) is None
    assert stream.given == 0
