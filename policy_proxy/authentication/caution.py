"""What keeps Keystone from being asked by every request: when it fails, and when it is flooded.

docs/decisions/asking-keystone.md says why no library does it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from policy_proxy.authentication.cache import SharedCache, TokenCache
from policy_proxy.places import Places

PAUSE = 1.0
"""Seconds for which nobody asks once Keystone fails."""
IN_A_ROW = 3
"""Useless answers, with no good one between, for which Keystone counts as failing. One may be about
its token alone, and two come in a row of one broken process out of several."""
PATIENCE, STALL = 5.0, 1.0
"""Seconds that a request waits for others to be done with asking, and those without any of them
done after which it does not. Many come at once with tokens that a new worker does not know."""
SPAN = 1.0
"""Seconds over which refused tokens are counted."""


Documents = tuple[tuple[str, bytes], ...]
"""Entries of the cache of validated tokens: the key of each, and a hash of what is there."""


class NotAsked(Exception):
    """Keystone is left alone for a moment."""


class Caution:
    """Says who may ask Keystone now; any number of threads may share one.

    While Keystone fails, one request every PAUSE seconds may ask; the others fail at once.

    :param at_once: how many may ask at the same time.
    :param refusals: how many tokens it may refuse in a second before unknown ones are kept away.
    """

    def __init__(self, at_once: int, refusals: int) -> None:
        self._failures = 0
        self._useless = 0
        self._places = Places(at_once, PATIENCE, hurry=PATIENCE, stall=STALL)
        self._lock = threading.Lock()
        self._next_try: float | None = None
        self._refused: deque[float] = deque(maxlen=refusals)

    def enter(self) -> None:
        """
        :raises NotAsked: if Keystone may not be asked now. Otherwise `leave` must follow.
        """
        self._check_flood()
        if not self._places.take():
            raise NotAsked("too many others are asking Keystone")
        try:
            self._check_flood()
            if self._next_try is not None and not self._may_try():
                raise NotAsked("Keystone has just failed, so it is not asked for a moment")
        except NotAsked:
            self._places.give_back()
            raise

    def leave(self) -> None:
        self._places.give_back()

    def failed(self, *, answered: bool) -> None:
        """Keystone could not be asked; or it `answered`, and its answer was useless: that alone is
        no failure of Keystone until it comes IN_A_ROW.
        """
        with self._lock:
            self._useless = self._useless + 1 if answered else IN_A_ROW
            if self._useless >= IN_A_ROW:
                self._failures += 1
                self._next_try = time.monotonic() + PAUSE

    def unbroken(self) -> Callable[[], bool]:
        """Tells whether Keystone has not failed since now."""
        before = self._failures
        return lambda: self._failures == before

    def worked(self) -> None:
        """Keystone said who somebody is, or that it does not know the token."""
        with self._lock:
            self._useless = 0
            self._next_try = None

    def refused(self) -> None:
        """It said that there is no such token."""
        self._refused.append(time.monotonic())

    def _check_flood(self) -> None:
        times = self._refused
        if len(times) == times.maxlen and time.monotonic() - times[0] < SPAN:
            raise NotAsked(f"Keystone has refused {len(times)} tokens within a second")

    def _may_try(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if self._next_try is not None and now < self._next_try:
                return False
            self._next_try = now + PAUSE
            return True


class Asking:
    """What auth_token looked for in the cache, and put there, for one request."""

    def __init__(self) -> None:
        self.missed = self.stored = 0
        self._looked_at: dict[str, bytes] = {}

    def look_at(self, key: str, document: bytes) -> None:
        self._looked_at[key] = document

    @property
    def documents(self) -> Documents:
        """What auth_token's answer came from."""
        return tuple((key, _hashed(document)) for key, document in self._looked_at.items())

    @property
    def asked(self) -> bool:
        """Whether Keystone was asked."""
        return self.missed > 0

    @property
    def found_all(self) -> bool:
        """Whether Keystone knows each token that it was asked about."""
        return self.stored >= self.missed


class Cautious:
    """A cache of validated tokens for auth_token, which asks Keystone for whatever is not in it: so
    here it is held back. What is in the cache works all the time.

    auth_token takes one cache for good, so what is noted for each request is noted by thread.
    """

    def __init__(self, cache: TokenCache | SharedCache, caution: Caution) -> None:
        self._cache = cache
        self._caution = caution
        self._mine = threading.local()

    @contextmanager
    def asking(self) -> Iterator[Asking]:
        """Within, this thread asks about one request."""
        asking = self._mine.asking = Asking()
        try:
            yield asking
        finally:
            if asking.missed:
                self._caution.leave()

    def get(self, key: str) -> bytes | None:
        """
        :raises NotAsked: if the token is not in the cache, and Keystone may not be asked now.
        """
        found = self._cache.get(key)
        if found is None:
            if not self._mine.asking.missed:
                self._caution.enter()
            self._mine.asking.missed += 1
        else:
            self._mine.asking.look_at(key, found)
        return found

    def set(self, key: str, value: bytes, time: int = 0) -> None:
        self._mine.asking.stored += 1
        self._mine.asking.look_at(key, value)
        self._cache.set(key, value, time)

    def still_has(self, documents: Documents) -> bool:
        """Whether each of them is in the cache as it was, so that auth_token would read it again.
        Keystone is not asked. Never true of none.
        """
        return bool(documents) and all(
            (found := self._cache.get(key)) is not None and _hashed(found) == known
            for key, known in documents
        )


def _hashed(document: bytes) -> bytes:
    """The document itself would be kept beyond the bounds of the cache."""
    return hashlib.blake2b(document, digest_size=32).digest()
