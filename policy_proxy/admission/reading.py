"""Bodies that are read, however slowly they come, without keeping the others from their turn."""

from __future__ import annotations

from collections.abc import Callable

from policy_proxy.errors import Unavailable
from policy_proxy.places import Places

SMALL = 64 * 1024
"""Bytes of a body that hardly count, however many are read at a time."""
PATIENCE = 0.5
"""Seconds that one waits while too many other bodies are read, in a burst."""
_RETRY = (("Retry-After", "1"),)

Read = Callable[[], bytes | None]


class Readers:
    """Lets so many bodies be read at the same time. A request gives up its turn meanwhile: it waits
    for its client, and costs nothing but a thread.

    Nothing here ends a body that takes forever: that is for servers to do, and under `serve` for
    `policy_proxy.serving.overdue`.

    :param turns: the places of those who have their turn.
    :param large: how many of unknown size, or of more than SMALL bytes.
    :param small: how many others.
    """

    def __init__(self, turns: Places, large: int, small: int) -> None:
        self._turns = turns
        self._large = Places(large, PATIENCE)
        self._small = Places(small, PATIENCE)

    def read(self, length: int | None, read: Read) -> bytes | None:
        """What `read` makes of a body of `length` bytes, or raises.

        :raises Unavailable: if too many others are being read.
        """
        places = self._large if length is None or length > SMALL else self._small
        with self._turns.lent():
            if not places.take():
                raise Unavailable("The proxy reads too many other bodies.", headers=_RETRY)
            try:
                return read()
            finally:
                places.give_back()
