"""The lines of one chain in one file, and whether each goes on where the one before stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from policy_proxy.audit.logs import Line
from policy_proxy.audit.seal import END, FIRST, RESUME, Sealed, code

_END = b'"event":"%s"' % END.encode()
_EVENT_WITHIN = 64
"""Bytes from the beginning of a line within which its event stands."""


@dataclass(slots=True)
class Stretch:
    """
    :param number: of the first line in the file; `first` is its number in the chain.
    :param previous: the code of the line before the first one, as that says itself.
    :param held: the first line, if it does not: then it waits until the stretch before is known.
    :param last: the code of the last line; two where it or the code is altered.
    :param at: the last line's number in the file; `next` is the chain's number of the one after.
    """

    secret: bytes
    file: str
    number: int
    first: int
    previous: bytes | None
    held: Sealed | None
    last: tuple[bytes, ...]
    at: int
    next: int
    ended: bool = False

    def begin(self, found: Sealed) -> Iterator[str]:
        """What is wrong with its first line, as far as that says it itself."""
        if self.previous is not None:
            yield from self._checked((self.previous,), found)
        self.ended = _ends(found)

    def take(self, line: Line, found: Sealed) -> Iterator[str]:
        """Add the next line in the file: what is wrong with it, or missing before it."""
        if found.seq < self.next:
            yield f"is number {found.seq} of its chain, and comes again or too late"
            return
        if self.ended:
            yield "comes after the end of its chain"
        if found.seq > self.next:
            yield _missing(self.next, found.seq)
            self.last = (found.mac,)
        else:
            yield from self._checked(self.last, found)
        self.at, self.next = line.number, found.seq + 1
        self.ended = self.ended or _ends(found)

    def join(self, after: Stretch) -> Iterator[str]:
        """Whether another stretch of the chain goes on where this one stops."""
        if after.first < self.next:
            yield f"is number {after.first} of its chain, which {self.file} has already"
        elif after.first > self.next:
            yield _missing(self.next, after.first)
        elif after.held is not None:
            yield from self._checked(self.last, after.held)
        elif after.previous not in self.last:
            yield f"does not go on where {self.file}:{self.at} stops"
        if self.ended:
            yield f"comes after the end of its chain, {self.file}:{self.at}"

    def _checked(self, before: tuple[bytes, ...], found: Sealed) -> Iterator[str]:
        """Whether the code of the line is right, and what the next line's may be built on."""
        codes = [code(self.secret, last, found.body) for last in before]
        self.last = (found.mac,)
        if found.mac not in codes:
            self.last = (found.mac, codes[0])  # what was altered may be the code alone
            yield "is altered, or the line before it in its chain was replaced"


def begun(line: Line, found: Sealed, secret: bytes) -> Stretch:
    """The stretch that begins with this line."""
    previous = FIRST if found.seq == 0 else _previous(found.body)
    return Stretch(
        secret=secret,
        file=line.file,
        number=line.number,
        first=found.seq,
        previous=previous,
        held=found if previous is None else None,
        last=(found.mac,),
        at=line.number,
        next=found.seq + 1,
    )


def _ends(found: Sealed) -> bool:
    return _END in found.body[:_EVENT_WITHIN]


def _missing(first: int, beyond: int) -> str:
    if beyond - first == 1:
        return f"number {first} of its chain is missing before it"
    return f"numbers {first} to {beyond - 1} of its chain are missing before it"


def _previous(body: bytes) -> bytes | None:
    """What a line that takes a chain up in another file says of the line before."""
    try:
        entry = json.loads(body + b"}")
        return bytes.fromhex(entry["previous"]) if entry["event"] == RESUME else None
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
