"""uWSGI's settings: an INI file in which names may come again, and variables `UWSGI_...`.

https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers.entry import Entry, Unreadable
from policy_proxy.cli.servers.files import command_line, ini

SECTION = "uwsgi"
PREFIX = "UWSGI_"


def entries(files: Sequence[str], environment: Mapping[str, str]) -> Iterator[Entry]:
    """Every setting, with a dash for each underscore of its name.

    :raises Unreadable: if a file is not INI or a unit.
    """
    for file in files:
        yield from _file(file)
    for name, value in environment.items():
        if name.startswith(PREFIX) and value:
            option = name.removeprefix(PREFIX).lower()
            yield _named(name, option, tuple(value.split()), f"{name}={value}")


def _file(file: str) -> Iterator[Entry]:
    if file.endswith(command_line.UNIT):
        for entry in command_line.options(file, SECTION):
            if entry.name == "ini":
                yield from _file(entry.value)
            yield _named(entry.place, entry.name, entry.words, entry.shown)
    elif not file.endswith(".ini"):
        raise Unreadable(f"{file}: only INI files and systemd units are read: name one")
    else:
        for entry in ini.entries(file):
            if entry.inside == (SECTION,):
                yield _named(entry.place, entry.name, entry.words or ("true",), entry.shown)


def _named(place: str, name: str, words: tuple[str, ...], shown: str) -> Entry:
    return Entry(place, name.replace("_", "-"), words, shown=shown)
