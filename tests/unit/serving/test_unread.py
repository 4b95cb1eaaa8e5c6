"""An answer that comes before the request's body was read says that it is the last."""

from __future__ import annotations

import io

import pytest

from policy_proxy.serving.unread import LAST, Unread

BODY = b"0123456789"


def answered(reads, **environ):
    """The headers of the answer of an application that reads so much of the body."""
    seen = []

    def app(given, start_response):
        for size in reads:
            given["wsgi.input"].read(*size)
        start_response("403 Forbidden", [("X-A", "b")])
        return [b""]

    def start(status, headers, exc_info=None):
        seen.extend(headers)

    assert [*Unread(app)({"wsgi.input": io.BytesIO(BODY), **environ}, start)] == [b""]
    return seen


@pytest.mark.parametrize(
    ("reads", "environ"),
    [
        ([], {"CONTENT_LENGTH": "10"}),
        ([(4,)], {"CONTENT_LENGTH": "10"}),
        ([(4,), (5,)], {"CONTENT_LENGTH": "10"}),
        ([], {"HTTP_TRANSFER_ENCODING": "chunked"}),
        ([(10,)], {"HTTP_TRANSFER_ENCODING": "chunked"}),
        ([], {"CONTENT_LENGTH": "+1"}),
        ([], {"CONTENT_LENGTH": "10", "HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
def test_it_is_the_last_one_while_something_may_be_left(reads, environ):
    assert answered(reads, **environ) == [("X-A", "b"), LAST]


@pytest.mark.parametrize(
    ("reads", "environ"),
    [
        ([], {}),
        ([], {"CONTENT_LENGTH": ""}),
        ([], {"CONTENT_LENGTH": "0"}),
        ([()], {"CONTENT_LENGTH": "10"}),
        ([(10,)], {"CONTENT_LENGTH": "10"}),
        ([(4,), (6,)], {"CONTENT_LENGTH": "10"}),
        ([(11,)], {"HTTP_TRANSFER_ENCODING": "chunked"}),
        ([(10,), (10,)], {"HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
def test_it_is_not_where_nothing_is_left(reads, environ):
    assert answered(reads, **environ) == [("X-A", "b")]
