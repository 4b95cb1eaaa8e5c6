"""Whether a log is as it was written: every line sealed, none missing, moved, doubled or altered.

The lines come file by file; the files may come in any order. What stays in memory is one `Stretch`
for each chain in each file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from policy_proxy.audit.keys import ID_LENGTH
from policy_proxy.audit.logs import Line
from policy_proxy.audit.seal import Sealed, sealed
from policy_proxy.audit.stretch import Stretch, begun

_START = b'{"version":'


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
class Verification:
    """
    :param secrets: the keys, by their ids.

    `sealed` counts the lines whose seal was looked at.
    """

    secrets: Mapping[bytes, bytes]
    sealed: int = 0
    _file: str = ""
    _here: dict[bytes, Stretch] = field(default_factory=dict)
    _stretches: dict[bytes, list[Stretch]] = field(default_factory=dict)
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
                findings += [Finding(after.file, after.number, why) for why in before.join(after)]
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
        if stretch is not None:
            return stretch.take(line, found)
        stretch = begun(line, found, self.secrets[found.key_id])
        self._here[found.chain] = stretch
        self._stretches.setdefault(found.chain, []).append(stretch)
        return stretch.begin(found)


def _shown(key_id: bytes) -> str:
    text = key_id.decode("ascii", "replace")
    return text if text.isalnum() and len(text) == ID_LENGTH else repr(text)
