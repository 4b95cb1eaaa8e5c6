"""Identities remembered for a moment, so that a caller's next request costs no second validation.

Only what depends on nothing but the tokens is remembered for them. A token with access rules is
validated for every request, since they are about its method and path; so a refusal that may come
from such rules is remembered for the same method and path alone.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from cachetools import TLRUCache, TTLCache

from policy_proxy.config.identity_cache import IdentityCacheSettings
from policy_proxy.model import Identity


@dataclass(frozen=True, slots=True)
class Validated:
    """What a validation found.

    :param identity: None if Keystone does not know the tokens, whatever is asked with them.
    :param until: until when the tokens alone tell this identity, in seconds since the epoch; 0 if
        they do not.
    """

    identity: Identity | None
    until: float


NOBODY = Validated(None, math.inf)


Validate = Callable[[], Validated | None]
"""Asks Keystone; None if it does not accept the tokens for this request. Raises a `Refusal` if it
cannot be asked."""


class Memory:
    """Any number of threads may share one; a process has its own.

    Callers who come with the same tokens while these are being validated wait for that one answer.
    """

    def __init__(self, settings: IdentityCacheSettings) -> None:
        self._ttl = settings.ttl
        self._secret = secrets.token_bytes(32)
        self._known: TLRUCache[bytes, Validated] = TLRUCache(settings.size, self._forget_at)
        self._refused: TTLCache[bytes, bool] = TTLCache(settings.size, settings.refusal_ttl)
        self._asked: dict[bytes, Future[Validated | None]] = {}
        self._lock = threading.Lock()

    def identity(self, tokens: str, place: str, validate: Validate) -> Identity | None:
        """Who the tokens belong to; None if they are refused.

        :param tokens: all that Keystone is told of the caller, in one text.
        :param place: method and path of the request.
        :param validate: asks Keystone about just this request.
        :raises Refusal: as `validate` does.
        """
        # Keyed, so that nobody can look for a token whose key collides with another's.
        key = hashlib.blake2b(tokens.encode(), key=self._secret, digest_size=32).digest()
        here = key + place.encode()
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                return known.identity
            if here in self._refused or key in self._refused:
                return None
            other = self._asked.get(key)
            if other is None:
                mine = self._asked[key] = Future()
        if other is None:
            return self._validated(key, here, mine, validate)
        found = other.result()
        if found is not None and found.until:
            return found.identity
        return _identity(validate())

    def _validated(
        self,
        key: bytes,
        here: bytes,
        mine: Future[Validated | None],
        validate: Validate,
    ) -> Identity | None:
        """Ask, remember the answer, and tell it to whoever waits for it."""
        try:
            found = validate()
        except BaseException as error:  # whoever waits for this answer would wait forever
            with self._lock:
                del self._asked[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._asked[key]
            if found is None:
                self._refused[here] = True
            elif found.identity is None:
                self._refused[key] = True
            else:
                self._known[key] = found
        mine.set_result(found)
        return _identity(found)

    def _forget_at(self, _key: bytes, found: Validated, now: float) -> float:
        """On the cache's clock, which is not that of the tokens. The past: not kept at all."""
        return now + min(self._ttl, found.until - time.time())


def _identity(found: Validated | None) -> Identity | None:
    return found.identity if found else None
