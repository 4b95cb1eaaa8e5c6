from __future__ import annotations

import io

import pytest

from policy_proxy.serving.draining import LAST
from policy_proxy.serving.unread import Unread


def headers_of(environ, *, reads=0, own=()):
    """Of the answer of an application that reads so many bytes of the body."""
    answers = []

    def app(environ, start_response):
        environ["wsgi.input"].read(reads)
        start_response("200 OK", [*own])
        return []

    Unread(app)({"wsgi.input": io.BytesIO(b"0123456789"), **environ}, lambda *a: answers.append(a))
    ((_, headers),) = answers
    return headers


@pytest.mark.parametrize("environ", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}])
def test_without_a_body_the_connection_stays(environ):
    assert headers_of(environ) == []


def test_after_a_body_that_was_read_the_connection_stays():
    assert headers_of({"CONTENT_LENGTH": "10"}, reads=10) == []


@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_LENGTH": "10"},
        {"CONTENT_LENGTH": "+9"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
    ],
    ids=range(3),
)
def test_before_a_body_that_was_not_the_answer_is_the_last(environ):
    assert headers_of(environ, reads=9, own=[("A", "b")]) == [("A", "b"), LAST]


def test_it_is_said_once():
    assert headers_of({"CONTENT_LENGTH": "10"}, own=[LAST]) == [LAST]
