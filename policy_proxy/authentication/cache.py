"""The cache of validated tokens that auth_token is handed when there is no memcached.

auth_token's own in-process cache looks at every entry on every read; see
docs/decisions/token-cache.md.
"""

from __future__ import annotations

import threading

from cachetools import TTLCache

BYTES = 16 * 1024 * 1024


class TokenCache:
    """A bounded, expiring map with the two methods of memcache that auth_token uses.

    :param ttl: seconds that an entry is kept; 0 or less keeps nothing.
    :param maxsize: bytes of all entries together; the least recently used go first.
    """

    def __init__(self, ttl: int, maxsize: int = BYTES) -> None:
        self._entries: TTLCache[str, bytes] = TTLCache(maxsize, max(ttl, 0), getsizeof=len)
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._entries.get(key)

    def set(self, key: str, value: bytes, time: int = 0) -> None:
        """Keep `value`. The time to live is the cache's own; `time` is what auth_token passes."""
        del time
        if len(value) <= self._entries.maxsize:
            with self._lock:
                self._entries[key] = value
