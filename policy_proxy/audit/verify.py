"""Whether a log is as it was written: every line sealed, none missing, moved, doubled or altered.

The lines come file by file; the files may come in any order. What stays in memory is one `Stretch`
for each chain in each file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from policy_proxy.audit.keys import ID_LENGTH
from policy_proxy.audit.logs import Line
from policy_proxy.audit.seal import END, FIRST, RESUME, Sealed, code, sealed

_START = b'{"version":'
_END = b'"event":"%s"' % END.encode()
_EVENT_WITHIN = 64
"""Bytes from the beginning of a line within which its event stands."""


class Finding(NamedTuple):
    """What is wrong, and the line where it shows."""

    file: str
    number: int
    why: str


class Chain(NamedTuple):
    """How far a chain goes, after everything was read.

    :param first: the number in the chain of its first line; 0 unless it began in another file.
    :param mac: the code of its last line, which vouches for all of them.
    :param ended: whether its writer has said that it ends. Otherwise it still runs, was killed, or
        what it wrote last was removed.
    """

    id: str
    first: int
    next: int
    mac: str
    ended: bool
    place: str


@dataclass(slots=True)
class _Stretch:
    """The lines of one chain in one file.

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


@dataclass(slots=True)
class Verification:
    """
    :param secrets: the keys, by their ids.

    `sealed` counts the lines whose seal was looked at.
    """

    secrets: Mapping[bytes, bytes]
    sealed: int = 0
    _file: str = ""
    _here: dict[bytes, _Stretch] = field(default_factory=dict)
    _stretches: dict[bytes, list[_Stretch]] = field(default_factory=dict)
    _unknown: set[bytes] = field(default_factory=set)

    def take(self, line: Line) -> Iterator[Finding]:
        """Look at the next line: what is wrong with it, or before it."""
        if line.file != self._file:
            self._file, self._here = line.file, {}
        for why in [line.why] if line.text is None else self._looked(line, line.text):
            yield Finding(line.file, line.number, why)

    def finish(self) -> tuple[list[Finding], list[Chain]]:
        """What is wrong between files, and how each chain ends."""
        findings: list[Finding] = []
        chains = []
        for chain, stretches in self._stretches.items():
            stretches.sort(key=lambda each: (each.first, each.next))
            first, last = stretches[0], stretches[-1]
            if first.held is not None:
                why = f"is the first of its chain, but its number there is {first.first}"
                findings.append(Finding(first.file, first.number, f"{why}: the others are missing"))
            for before, after in pairwise(stretches):
                findings += [
                    Finding(after.file, after.number, why) for why in _joint(before, after)
                ]
            place = f"{last.file}:{last.at}"
            mac = last.last[0].hex()
            chains.append(Chain(chain.decode(), first.first, last.next, mac, last.ended, place))
        return findings, chains

    def _looked(self, line: Line, text: bytes) -> Iterator[str]:
        if not text.endswith(b"\n"):
            yield "is torn: it does not end"
        text = text.removesuffix(b"\n")
        start = text.rfind(_START)
        if start > 0:
            yield "is torn: it begins with a piece of another line"
            text = text[start:]
        found = sealed(text)
        if found is None:
            yield "has no seal" if text else "is empty"
        elif found.key_id in self.secrets:
            self.sealed += 1
            yield from self._linked(line, found)
        elif found.chain not in self._unknown:
            self._unknown.add(found.chain)
            yield f"is sealed with the key {_shown(found.key_id)}, which is none of those given"

    def _linked(self, line: Line, found: Sealed) -> Iterator[str]:
        """Whether the line is what comes next in its chain."""
        stretch = self._here.get(found.chain)
        if stretch is None:
            stretch = self._here[found.chain] = self._begun(line, found)
            self._stretches.setdefault(found.chain, []).append(stretch)
            if stretch.previous is not None:
                yield from _checked(stretch, (stretch.previous,), found)
        elif found.seq < stretch.next:
            yield f"is number {found.seq} of its chain, and comes again or too late"
            return
        else:
            if stretch.ended:
                yield "comes after the end of its chain"
            if found.seq > stretch.next:
                yield _missing(stretch.next, found.seq)
                stretch.last = (found.mac,)
            else:
                yield from _checked(stretch, stretch.last, found)
        stretch.at, stretch.next = line.number, found.seq + 1
        stretch.ended = stretch.ended or _END in found.body[:_EVENT_WITHIN]

    def _begun(self, line: Line, found: Sealed) -> _Stretch:
        previous = FIRST if found.seq == 0 else _previous(found.body)
        return _Stretch(
            secret=self.secrets[found.key_id],
            file=line.file,
            number=line.number,
            first=found.seq,
            previous=previous,
            held=found if previous is None else None,
            last=(found.mac,),
            at=line.number,
            next=found.seq + 1,
        )


def _checked(stretch: _Stretch, before: tuple[bytes, ...], found: Sealed) -> Iterator[str]:
    """Whether the code of the line is right, and what the next line's may be built on."""
    codes = [code(stretch.secret, last, found.body) for last in before]
    stretch.last = (found.mac,)
    if found.mac not in codes:
        stretch.last = (found.mac, codes[0])  # what was altered may be the code alone
        yield "is altered, or the line before it in its chain was replaced"


def _joint(before: _Stretch, after: _Stretch) -> Iterator[str]:
    """Whether one stretch goes on where the other one stops."""
    if after.first < before.next:
        yield f"is number {after.first} of its chain, which {before.file} has already"
    elif after.first > before.next:
        yield _missing(before.next, after.first)
    elif after.held is not None:
        yield from _checked(before, before.last, after.held)
    elif after.previous not in before.last:
        yield f"does not go on where {before.file}:{before.at} stops"
    if before.ended:
        yield f"comes after the end of its chain, {before.file}:{before.at}"


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


def _shown(key_id: bytes) -> str:
    text = key_id.decode("ascii", "replace")
    return text if text.isalnum() and len(text) == ID_LENGTH else repr(text)
