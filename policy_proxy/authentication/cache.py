"""The cache of validated tokens that auth_token is handed, in place of those it has itself.

Its in-process cache looks at every entry on every read, and its memcached client unpickles whatever
it is given; see docs/decisions/token-cache.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from cachetools import TTLCache
from pymemcache.client.hash import HashClient

from policy_proxy.authentication.patience import sockets

_LOG = logging.getLogger(__name__)

BYTES = 32 * 1024 * 1024


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


class SharedCache:
    """The same two methods over memcached. A value is bytes, whatever its flags claim: it is for
    auth_token to decrypt, and nothing is made of it before. What goes wrong is a miss.

    :param servers: `HOST:PORT` of each.
    :param timeout: seconds to wait for a server's whole answer.
    :param dead_retry: seconds after which a server that failed is tried again.
    :param idle: seconds that an unused connection is kept.
    """

    def __init__(
        self, servers: Sequence[str], *, timeout: float, dead_retry: float, idle: float
    ) -> None:
        self._client: Any = HashClient(
            servers,
            connect_timeout=timeout,
            timeout=timeout,
            dead_timeout=dead_retry,
            retry_attempts=0,
            use_pooling=True,
            pool_idle_timeout=idle,
            default_noreply=False,
            no_delay=True,
            socket_module=sockets(timeout),
        )

    def get(self, key: str) -> bytes | None:
        found: bytes | None = self._done(self._client.get, key)
        return found

    def set(self, key: str, value: bytes, time: int = 0) -> None:
        """Keep `value` for `time` seconds."""
        self._done(self._client.set, key, value, time)

    @staticmethod
    def _done(what: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return what(*arguments)
        except Exception as error:  # noqa: BLE001  whatever it is, the token can be validated anew
            # a server that fails is said once; that none is left is said by each later call
            level = logging.WARNING if isinstance(error, OSError) else logging.DEBUG
            _LOG.log(level, "memcached did not answer: %r", error)
            return None
