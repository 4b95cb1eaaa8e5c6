"""How a server is started: by a systemd unit, or by a script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from policy_proxy.cli.servers.entry import Entry, Unreadable
from policy_proxy.cli.servers.files.ini import lines

UNIT = ".service"


def arguments(file: str, program: str) -> tuple[str, list[str]]:
    """Where the program is called, and with what.

    :raises Unreadable: if it is called nowhere in the file.
    """
    for number, line in joined(file):
        words = _words(re.sub(r"^ExecStart=[-@:+!]*", "", line))
        for place, word in enumerate(words):
            if Path(word).name == program:
                return f"{file}:{number}", words[place + 1 :]
    raise Unreadable(f"{file}: {program} is started nowhere in it: name the file that starts it")


def options(file: str, program: str) -> Iterator[Entry]:
    """Each `--name=value`, `--name value` or `--name` as an entry; of `--no-name`, "off"."""
    place, words = arguments(file, program)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            continue
        name, given, value = word[2:].partition("=")
        if not given and words and not words[0].startswith("-"):
            value = words[0]  # which may be an argument of its own: nothing then asks for it
        if name.startswith("no-"):
            name, value = name[3:], "off"
        yield Entry(place, name, tuple((value or "on").split()), shown=f"--{name} {value}".strip())


def joined(file: str) -> Iterator[tuple[int, str]]:
    """Lines, with those that go on in the next one, by the number of their first."""
    whole, first = "", 1
    for number, line in enumerate(lines(file), 1):
        if not whole:
            first = number
        if line.endswith("\\"):
            whole += line[:-1] + " "
            continue
        yield first, whole + line
        whole = ""


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a quotation that goes on: no line that starts a server
        return []
