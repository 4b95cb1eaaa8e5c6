"""HAProxy's configuration, line by line: https://docs.haproxy.org/2.6/configuration.html#2."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from policy_proxy.cli.servers.entry import Entry, Unreadable
from policy_proxy.cli.servers.files.ini import lines

PROXIES = ("backend", "defaults", "frontend", "listen")
"""The sections that have what a `defaults` before them has."""
_OTHERS = (
    *("cache", "crt-store", "fcgi-app", "global", "http-errors", "log-forward", "mailers", "peers"),
    *("program", "resolvers", "ring", "traces", "userlist"),
)
_PAIRS = (
    *("capture", "http-after-response", "http-check", "http-request", "http-response", "option"),
    *("stats", "tcp-request", "timeout"),
)
"""Words that mean something together with the next one alone."""


def entries(file: str) -> Iterator[Entry]:
    """Every line, inside its section, which is inside the `defaults` that it has; of a section's
    own line, a block.

    :raises Unreadable: if a quote is not closed.
    :raises OSError: if the file cannot be read.
    """
    section: tuple[str, ...] = ()
    defaults: dict[str, tuple[str, ...]] = {"": ()}  # by name; the last one has no name, too
    for number, line in enumerate(lines(file), 1):
        place = f"{file}:{number}"
        words = _words(place, line)
        if not words:
            continue
        shown = line.strip()
        if words[0] in PROXIES or words[0] in _OTHERS:
            opened = _section(place, words, number, shown, defaults)
            section = opened.block
            if opened.name == "defaults":
                defaults[""] = defaults[opened.words[0] if opened.words else ""] = section
            yield opened
        else:
            count = _length_of_name(words)
            yield Entry(place, " ".join(words[:count]), tuple(words[count:]), section, "", shown)


def _words(place: str, line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise Unreadable(f"{place}: {error}: `haproxy -c` says more") from error


def _section(
    place: str, words: list[str], number: int, shown: str, defaults: Mapping[str, tuple[str, ...]]
) -> Entry:
    inside: tuple[str, ...] = ()
    if words[0] in PROXIES and "from" in words:
        inside = defaults.get(words[-1], ())
    elif words[0] in PROXIES and words[0] != "defaults":
        inside = defaults[""]
    opens = f"{' '.join(words[:2])} #{number}"
    return Entry(place, words[0], tuple(words[1:]), inside, opens, shown)


def _length_of_name(words: list[str]) -> int:
    begins = 1 if words[0] in ("no", "default") and len(words) > 1 else 0
    return begins + (2 if words[begins] in _PAIRS else 1)
