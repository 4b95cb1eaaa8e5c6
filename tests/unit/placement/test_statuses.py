from __future__ import annotations

import pytest
import webob.exc

from policy_proxy.placement.statuses import STATUSES, status_of

# WebOb puts the client's method, media type or Accept header into these explanations.
WITH_CLIENTS_WORDS = {405, 406, 415, 501}


@pytest.mark.parametrize("number", STATUSES)
def test_titles_and_explanations_are_webobs(number):
    known = webob.exc.status_map[number]

    assert status_of(number).title == known.title
    if number not in WITH_CLIENTS_WORDS:
        assert status_of(number).explanation == " ".join(known.explanation.split())


@pytest.mark.parametrize("number", [-1, 0, 399, 418, 499, 505, 599, 1000])
def test_any_other_status_has_words(number):
    words = status_of(number)

    assert words.title == ("Client Error" if number < 500 else "Server Error")
    assert all(words)
