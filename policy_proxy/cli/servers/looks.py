"""The kinds of looks that most findings are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.rule import Look
from policy_proxy.cli.servers.seen import Seen, Version
from policy_proxy.config import Settings

YES = ("1", "on", "true", "yes")
SECRETS = re.compile(r"(auth|service|subject)[-_]token|authorization", re.IGNORECASE)
"""Headers that hold what nobody but the proxy may read."""
ANYONE = ("*", "0.0.0.0/0", "::/0")
FRAME = len("OPTIONS  HTTP/1.1\r\n")
"""Bytes of a request line beside its target."""
Need = Callable[[Settings], int]
"""What the proxy's settings need at least."""
_SIZE = re.compile(r"(\d+)([kmg]?)i?b?", re.IGNORECASE)


def says(name: str, *values: str) -> Look:
    """The setting is one of these, wherever it stands."""
    return lambda seen: (entry for entry in seen.all(name) if entry.value.lower() in values)


def names(name: str, pattern: str) -> Look:
    """The setting has this in it."""
    found = re.compile(pattern, re.IGNORECASE)
    return lambda seen: (entry for entry in seen.all(name) if found.search(entry.value))


def trusts_anyone(*wanted: str) -> Look:
    """One of the addresses in the setting is anybody's."""

    def look(seen: Seen) -> Iterable[Entry]:
        for entry in seen.all(*wanted):
            if {*ANYONE} & {*re.split(r"[\s,]+", entry.value)}:
                yield entry

    return look


def tells_secrets(*wanted: str) -> Look:
    """The setting, mostly the format of a log, has a header with a token in it."""
    return lambda seen: (entry for entry in seen.all(*wanted) if SECRETS.search(entry.value))


def not_on(name: str) -> Look:
    """The last one is not "on", or there is none in the file."""

    def look(seen: Seen) -> Iterable[Entry]:
        entry = seen.last(name)
        if entry is None and seen.file:
            yield seen.absent(name)
        elif entry is not None and entry.value.lower() not in YES:
            yield entry

    return look


def below(name: str, default: int, need: Need, *, zero: bool = False, every: bool = False) -> Look:
    """The setting, or the server's own default, is less than what the proxy's settings need.

    :param zero: whether 0 stands for no limit.
    :param every: whether each one counts, rather than the last.
    """

    def look(seen: Seen) -> Iterable[Entry]:
        given = list(seen.all(name))
        if not given and seen.file and default < need(seen.ours):
            yield seen.absent(name)
        for entry in given if every else given[-1:]:
            if small(entry, need(seen.ours), zero=zero):
                yield entry

    return look


def small(entry: Entry, need: int, *, zero: bool) -> bool:
    """Whether the setting's last word is a size below what is needed."""
    given = size(entry.words[-1]) if entry.words else None
    return given is not None and given < need and not (zero and given == 0)


def few_threads(name: str, default: int = 1) -> Look:
    """A worker has only one thread."""

    def look(seen: Seen) -> Iterable[Entry]:
        entry = seen.last(name)
        if entry is None and seen.file and default <= 1:
            yield seen.absent(name)
        elif entry is not None and entry.value.isdigit() and int(entry.value) <= 1:
            yield entry

    return look


def all_threads_wait(name: str) -> Look:
    """As many requests may wait for their clients at the same time as there are threads."""

    def look(seen: Seen) -> Iterable[Entry]:
        entry = seen.last(name)
        if entry is None and not seen.file:
            return
        given = entry.value if entry else "1"
        if given.isdigit() and 1 < int(given) <= seen.ours.limits.waiting:
            yield entry or seen.absent(name)

    return look


def all_threads_read(name: str, default: int) -> Look:
    """The same of a server that hands on no request before its body is there, and keeps a small
    answer for its client: as many large bodies and answers as there are threads.
    """

    def look(seen: Seen) -> Iterable[Entry]:
        entry = seen.last(name)
        if entry is None and not seen.file:
            return
        given = entry.value if entry else str(default)
        limits = seen.ours.limits
        if given.isdigit() and 1 < int(given) <= limits.max_body_readers + limits.max_streams:
            yield entry or seen.absent(name)

    return look


def older(*wanted: int) -> Look:
    """The version that is installed is known, and an older one."""

    def look(seen: Seen) -> Iterable[Entry]:
        if seen.version is not None and seen.version < wanted:
            yield Entry("installed", "version", shown=f"version {dotted(seen.version)}")

    return look


def request_line(ours: Settings) -> int:
    return ours.limits.max_target_bytes + FRAME


def header_line(ours: Settings) -> int:
    return ours.limits.max_header_bytes


def body(ours: Settings) -> int:
    return ours.limits.max_body_bytes


def size(text: str) -> int | None:
    """Bytes, of a number with or without k, m or g; None if it is none."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    power = " kmg".index(match[2].lower() or " ")
    return int(match[1]) * int(1024**power)


def dotted(version: Version) -> str:
    return ".".join(map(str, version))
