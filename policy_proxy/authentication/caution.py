"""What keeps a Keystone that does not answer from being asked by every request."""

from __future__ import annotations

import threading
import time

from policy_proxy.authentication.cache import SharedCache, TokenCache

PAUSE = 1.0
"""Seconds for which nobody asks after a failure."""


class NotAsked(Exception):
    """Keystone has just failed, so it is left alone for a moment."""


class Cautious:
    """A cache of validated tokens, for auth_token, that lets it ask for a token only when it may.

    auth_token asks Keystone for whatever is not in its cache. While Keystone fails, one request
    every PAUSE seconds may do so; the others fail at once. What is in the cache works all the time.
    """

    def __init__(self, cache: TokenCache | SharedCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._next_try: float | None = None

    def get(self, key: str) -> bytes | None:
        """
        :raises NotAsked: if the token is not in the cache, and Keystone may not be asked now.
        """
        found = self._cache.get(key)
        if found is None and self._next_try is not None and not self._may_try():
            raise NotAsked("Keystone has just failed, so it is not asked for a moment")
        return found

    def set(self, key: str, value: bytes, time: int = 0) -> None:
        self._cache.set(key, value, time)

    def failed(self) -> None:
        """Keystone could not be asked."""
        self._next_try = time.monotonic() + PAUSE

    def worked(self) -> None:
        """Keystone answered, whatever it said."""
        self._next_try = None

    def _may_try(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if self._next_try is not None and now < self._next_try:
                return False
            self._next_try = now + PAUSE
            return True
