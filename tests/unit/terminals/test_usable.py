from __future__ import annotations

import pytest

from policy_proxy.backend.messages import Answer
from policy_proxy.errors import BackendFailed
from policy_proxy.terminals.usable import check

JSON = (("content-type", "application/json"),)
HTML = (("content-type", "text/html"),)


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [
        (200, JSON, 2),
        (201, JSON, 2),
        (202, JSON, 2),
        (200, (("content-type", "Application/JSON ; charset=utf-8"),), 2),
        (200, (*JSON, ("content-encoding", "Identity")), 2),
        (201, (), 0),
        (201, HTML, 0),
        (204, HTML, None),
        (400, HTML, 2),
        (401, (), 2),
        (503, HTML, 2),
    ],
)
def test_what_the_service_answers_passes(status, headers, length):
    check(Answer(status, headers, [], length), dict(headers))


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [
        (203, JSON, 2),
        (205, JSON, 0),
        (206, JSON, 2),
        (226, JSON, 2),
        (299, JSON, 2),
        (301, JSON, 0),
        (304, (), None),
        (399, JSON, 2),
        (200, (), 2),
        (200, HTML, 2),
        (200, (("content-type", "application/jsonp"),), 2),
        (200, (("content-type", "text/html"), ("content-type", "text/html; application/json")), 2),
        (200, (*JSON, ("content-encoding", "gzip")), 2),
    ],
)
def test_what_is_none_of_its_answers_does_not(status, headers, length):
    with pytest.raises(BackendFailed) as refused:
        check(Answer(status, headers, [], length), dict(headers))
    assert "html" not in refused.value.detail
