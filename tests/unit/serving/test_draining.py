"""An application whose answers say that they are the last."""

from __future__ import annotations

from policy_proxy.serving.draining import Ending


def app(environ, start_response):
    start_response("200 OK", [("X-A", "b")])
    return [b"body"]


def test_each_answer_is_the_last_one_from_the_end_on():
    seen = []
    ending = Ending(app)

    def start(status, headers, exc_info=None):
        seen.append(headers)

    assert ending({}, start) == [b"body"]
    ending.begin()
    assert ending({}, start) == [b"body"]
    assert seen == [[("X-A", "b")], [("X-A", "b"), ("Connection", "close")]]
