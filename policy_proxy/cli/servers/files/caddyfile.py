"""A Caddyfile, directive by directive: https://caddyserver.com/docs/caddyfile/concepts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files.ini import lines

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|(#.*$)|(\S+)')


def entries(file: str) -> Iterator[Entry]:
    """Every directive, inside the blocks around it; the name of a site is its addresses.

    :raises OSError: if the file cannot be read.
    """
    inside: tuple[str, ...] = ()
    for number, line in enumerate(lines(file), 1):
        words = [a or b or d for a, b, comment, d in _TOKEN.findall(line) if not comment]
        if words == ["}"]:
            inside = inside[:-1]
            continue
        if not words:
            continue
        begins = words[-1] == "{"
        name, *rest = words[:-1] if begins and len(words) > 1 else words
        opens = f"{name} #{number}" if begins else ""
        shown = line.strip().removesuffix("{").strip() or "{"
        entry = Entry(f"{file}:{number}", name, tuple(rest), inside, opens, shown)
        inside = entry.block if begins else inside
        yield entry
