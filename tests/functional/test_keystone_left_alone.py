"""After which failures Keystone is asked by nobody else, and after which it is."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace

import pytest

from harness.fickle import fickle
from harness.proxy import ADMIN, Proxy, configuration
from policy_proxy.authentication import caution
from policy_proxy.authentication.caution import IN_A_ROW


@pytest.fixture
def against(tmp_path, recorder, keystone, keystone_url, password, monkeypatch):
    """A proxy that has its own token, and leaves Keystone alone for longer than a test takes."""
    monkeypatch.setattr(caution, "PAUSE", 3600.0)
    with fickle(keystone_url) as (moody, url):
        path = configuration(tmp_path, backend=recorder.url, keystone=url, password=password)
        path.write_text(
            path.read_text().replace("http_connect_timeout = 2", "http_connect_timeout = 1")
        )
        proxy = Proxy.built(path, keystone)
        with closing(proxy.app):
            assert proxy.ask("GET", "/traits").status_int == 200
            yield SimpleNamespace(proxy=proxy, moody=moody)


def told(against, mood):
    """The status for a new token in this mood, and how many calls that took."""
    against.moody.mood = mood
    before = len(against.moody.asked)
    status = against.proxy.ask("GET", "/traits").status_int
    return status, len(against.moody.asked) - before


@pytest.mark.parametrize(
    "mood", ["hangs", "hangs up", "drips", "answers 401", "answers 403", "answers 429"]
)
def test_after_one_request_that_it_told_nothing(against, mood):
    """No answer; or one that it has for each token: the proxy's own user is turned away."""
    status, calls = told(against, mood)
    assert (status, 1 <= calls <= 5) == (503, True)
    assert told(against, "well") == (503, 0)


@pytest.mark.parametrize("mood", ["answers 500", "answers html", "answers {}", "tells no user"])
def test_after_three_useless_answers_in_a_row(against, mood):
    for _ in range(2):
        assert [told(against, mood) for _ in range(IN_A_ROW - 1)] == [(503, 1)] * (IN_A_ROW - 1)
        assert told(against, "well") == (200, 1)
    assert [told(against, mood) for _ in range(IN_A_ROW)] == [(503, 1)] * IN_A_ROW
    assert told(against, "well") == (503, 0)


def test_a_token_that_it_does_not_know_is_a_good_answer(against):
    unknown = {"X-Auth-Token": "gAAAAAunknown"}
    for _ in range(IN_A_ROW - 1):
        assert told(against, "answers 500")[0] == 503
    against.moody.mood = "well"
    assert against.proxy.ask("GET", "/traits", grant=None, headers=unknown).status_int == 401
    for _ in range(IN_A_ROW - 1):
        assert told(against, "answers 500")[0] == 503
    assert told(against, "well") == (200, 1)


def test_a_useless_document_that_is_remembered_is_one_useless_answer(against):
    """Whoever has such a token and sends it again and again keeps nobody else away."""
    against.moody.mood = "tells no user"
    token = {"X-Auth-Token": against.proxy.keystone.issue(ADMIN)}
    seen = [against.proxy.ask("GET", "/traits", grant=None, headers=token) for _ in range(9)]
    assert {one.status_int for one in seen} == {503}
    assert told(against, "well") == (200, 1)
