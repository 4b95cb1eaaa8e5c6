"""Apache's configuration files, directive by directive.

https://httpd.apache.org/docs/2.4/configuring.html says how they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files.command_line import joined

_OPENS = re.compile(r"<(\w+)\s*(.*?)>")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def entries(file: str) -> Iterator[Entry]:
    """Every directive, its name in lower case, inside the containers around it.

    :raises OSError: if the file cannot be read.
    """
    inside: tuple[str, ...] = ()
    for number, line in joined(file):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("</"):
            inside = inside[:-1]
            continue
        place, match = f"{file}:{number}", _OPENS.fullmatch(text)
        if match:
            entry = Entry(place, match[1].lower(), words(match[2]), inside, f"{text} #{number}")
            inside = entry.block
        else:
            name, _, rest = text.partition(" ")
            entry = Entry(place, name.lower(), words(rest), inside, shown=text)
        yield entry


def words(text: str) -> tuple[str, ...]:
    """The arguments of a directive, without the quotes around them."""
    return tuple(quoted or plain for quoted, plain in _WORD.findall(text))
