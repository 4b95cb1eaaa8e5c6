"""Identities remembered for a moment, so that a caller's next request costs no second validation.

Only what depends on nothing but the tokens is remembered for them. A token with access rules is
validated for every request, since they are about its method and path; so a refusal that may come
from such rules is remembered for the same method and path alone.

When its time is over, an identity is looked up where auth_token would look first: as long as the
cache of validated tokens holds the very document that it was read from, it holds for as long again.
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
from functools import partial

from cachetools import TLRUCache, TTLCache

from policy_proxy.config.identity_cache import IdentityCacheSettings
from policy_proxy.model import Identity


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Validated:
    """What a validation found.

    :param identity: None if Keystone does not know the tokens, whatever is asked with them.
    :param until: until when the tokens alone tell this identity, in seconds since the epoch; 0 if
        they do not.
    :param would_repeat: tells whether another validation now would read the same again, without
        asking Keystone.
    """

    identity: Identity | None
    until: float
    would_repeat: Callable[[], bool] = _never


NOBODY = Validated(None, math.inf)


Validate = Callable[[], Validated | None]
"""Asks Keystone; None if it does not accept the tokens for this request. Raises a `Refusal` if it
cannot be asked."""


@dataclass(slots=True)
class _Known:
    """
    :param fresh_until: when it has to be looked up again, on the clock that only goes on.
    """

    found: Validated
    fresh_until: float


class Memory:
    """Any number of threads may share one; a process has its own.

    Callers who come with the same tokens while these are being validated wait for that one answer.

    :param documents_last: seconds that the cache of validated tokens keeps a document.
    """

    def __init__(self, settings: IdentityCacheSettings, documents_last: float = 0) -> None:
        self._ttl = settings.ttl
        self._longest = settings.ttl + max(documents_last, 0) if settings.ttl else 0
        self._secret = secrets.token_bytes(32)
        self._known: TLRUCache[bytes, _Known] = TLRUCache(settings.size, self._forget_at)
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
            if known is not None and time.monotonic() < known.fresh_until:
                return known.found.identity
            if here in self._refused or key in self._refused:
                return None
            other = self._asked.get(key)
            if other is None:
                mine = self._asked[key] = Future()
        if other is None:
            ask = partial(_again, known.found, validate) if known else validate
            return self._validated(key, here, mine, ask)
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
            if found is None or found.identity is None:
                self._known.pop(key, None)
                self._refused[here if found is None else key] = True
            else:
                self._remember(key, found)
        mine.set_result(found)
        return _identity(found)

    def _remember(self, key: bytes, found: Validated) -> None:
        fresh_until = time.monotonic() + self._ttl
        known = self._known.get(key)
        if known is not None and known.found is found:
            known.fresh_until = fresh_until
        else:
            self._known[key] = _Known(found, fresh_until)

    def _forget_at(self, _key: bytes, known: _Known, now: float) -> float:
        """On the cache's clock, which is not that of the tokens. The past: not kept at all."""
        return now + min(self._longest, known.found.until - time.time())


def _again(known: Validated, validate: Validate) -> Validated | None:
    """What was found, if another validation would find it; what it finds, if not."""
    if time.time() < known.until and known.would_repeat():
        return known
    return validate()


def _identity(found: Validated | None) -> Identity | None:
    return found.identity if found else None
