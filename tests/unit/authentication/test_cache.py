from __future__ import annotations

from policy_proxy.authentication.cache import TokenCache


def test_it_keeps_and_gives():
    cache = TokenCache(ttl=60)
    cache.set("a", b"1", time=300)
    assert cache.get("a") == b"1"
    assert cache.get("b") is None


def test_it_is_bounded_by_bytes_and_forgets_the_oldest():
    cache = TokenCache(ttl=60, maxsize=100)
    for number in range(50):
        cache.set(str(number), b"x" * 10)
    assert cache.get("0") is None
    assert cache.get("49") == b"x" * 10


def test_what_is_larger_than_the_cache_is_not_kept():
    cache = TokenCache(ttl=60, maxsize=10)
    cache.set("a", b"x" * 11)
    assert cache.get("a") is None


def test_no_time_to_live_keeps_nothing():
    for ttl in (0, -1):
        cache = TokenCache(ttl=ttl)
        cache.set("a", b"1")
        assert cache.get("a") is None
