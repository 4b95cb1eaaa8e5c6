"""Large answers, which keep a thread for as long as the client takes to read them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from policy_proxy.backend.messages import Answer
from policy_proxy.errors import AnswerBroken, Unavailable
from policy_proxy.places import Places

_RETRY = (("Retry-After", "5"),)


class Streams:
    """Lets so many large answers go out at the same time, each for so many seconds.

    A request gives up its turn while it waits for a place.

    :param turns: the places of those who have their turn.
    :param places: one for each large answer.
    :param seconds: that a client may take for one.
    """

    def __init__(self, turns: Places, places: Places, seconds: float) -> None:
        self._turns = turns
        self._places = places
        self._seconds = seconds

    def body(self, answer: Answer, method: str) -> Iterable[bytes]:
        """The body to pass on. That of a write always is: the write was done, and the client has to
        be told.

        :raises Unavailable: if too many others are going out.
        """
        if isinstance(answer.body, list):
            return answer.body
        with self._turns.lent():
            taken = self._places.take()
        if taken:
            return _Held(answer, self._places, self._seconds)
        if method != "GET":
            return answer.body
        raise Unavailable("The proxy sends too many other large answers.", headers=_RETRY)


class _Held:
    """A body with a place, which it gives back when it is closed."""

    def __init__(self, answer: Answer, places: Places, seconds: float) -> None:
        self._answer = answer
        self._pieces = iter(answer.body)
        self._places: Places | None = places
        self._until = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if time.monotonic() > self._until:
            raise AnswerBroken("the client took too long to read it")
        return next(self._pieces)

    def close(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.give_back()
        self._answer.close()
