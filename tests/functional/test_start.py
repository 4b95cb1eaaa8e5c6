"""A chain that cannot be put together."""

from __future__ import annotations

import threading

import pytest

from policy_proxy.errors import ConfigurationError


def test_a_start_that_fails_names_the_option_and_leaves_no_thread(make_proxy, recorder, tmp_path):
    (tmp_path / "audit.jsonl").mkdir()
    before = set(threading.enumerate())
    with pytest.raises(ConfigurationError, match=r"\.conf: \[audit\] file = .*audit\.jsonl"):
        make_proxy(recorder)
    assert set(threading.enumerate()) - before == set()
