"""Configuration in YAML, or in JSON, which is a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from policy_proxy.cli.servers.entry import Entry, Unreadable


def entries(file: str) -> Iterator[Entry]:
    """Every value by its key, inside the keys and positions around it.

    :raises Unreadable: if it is no YAML.
    """
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        raise Unreadable(f"{where}: is no YAML: mend it") from None
    for number, document in enumerate(documents):
        yield from _flat(file, document, (str(number),))


def renamed(entry: Entry, name: Callable[[str], str]) -> Entry:
    """The same with every key in the one spelling that `name` gives it."""
    inside = tuple(map(name, entry.inside))
    return replace(entry, name=name(entry.name), inside=inside, opens=name(entry.opens))


def _flat(file: str, node: yaml.Node | None, inside: tuple[str, ...]) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        pairs = [(key, key.value, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(value, str(number), value) for number, value in enumerate(node.value)]
    else:
        return
    for begin, key, value in pairs:
        place, name = f"{file}:{begin.start_mark.line + 1}", str(key)
        if isinstance(value, yaml.ScalarNode):
            yield Entry(place, name, (value.value,), inside, shown=f"{name}: {value.value}")
            continue
        yield Entry(place, name, (), inside, opens=name, shown=name)
        yield from _flat(file, value, (*inside, name))
