"""YAML as plain values, and the line on which each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from policy_proxy.policy.cases.case import BadCases, Fault

# libyaml's reads thousands of cases a second; where PyYAML was built without it, its own will do.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"
_KINDS = (
    *("map", "seq", "str", "bool", "int", "float", "null"),
    *("timestamp", "value", "merge"),  # which are texts here
)
_MOST_LEVELS = 60
"""A body has few levels. Beyond some thousands the parser itself would give up, with a crash."""

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Located:
    """A document: mappings, lists, texts, numbers, true, false and null."""

    value: Any
    root: yaml.Node

    def line(self, path: Path) -> int:
        """The line of what is at the path, counted from 1; of what holds it, if it is not there."""
        node, line = self.root, self.root.start_mark.line + 1
        for step in path:
            inner = _below(node, step)
            if inner is None:
                break
            node, line = inner
        return line


def located(file: str, content: bytes) -> Located:
    """
    :param file: its path, for the faults.
    :raises BadCases: if it is no YAML document of plain values.
    """
    made = _Values(file)
    try:
        _bounded(file, text := content.decode())
        root = yaml.compose(text, Loader=_LOADER)
        if root is None:
            raise made.bad(1, "is empty", "write cases into it")
        value = made.value(root)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise made.bad(line, "is not UTF-8", "save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "unknown error"
        raise made.bad(mark.line + 1 if mark else 1, f"is no YAML ({said})", "mend it") from None
    return Located(value, root)


def _bounded(file: str, text: str) -> None:
    """
    :raises BadCases: for what is nested too deeply to be read.
    """
    depth = 0
    event: Any
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_LEVELS:
            line = event.start_mark.line + 1
            raise BadCases([Fault(file, line, "is nested too deeply", "write it with less")])


def _below(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, item.start_mark.line + 1
    return None


class _Values:
    """Makes plain values. Whatever YAML could hide in a file of cases is refused."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: set[int] = set()
        self._made = yaml.SafeLoader("")

    def bad(self, line: int, text: str, remedy: str) -> BadCases:
        return BadCases([Fault(self._file, line, text, remedy)])

    def value(self, node: yaml.Node) -> Any:
        line = node.start_mark.line + 1
        if id(node) in self._seen:
            remedy = "write it out; identities and targets that are shared have names"
            raise self.bad(line, "refers to this by a YAML alias", remedy)
        self._seen.add(id(node))
        if node.tag.removeprefix(_PREFIX) not in _KINDS:
            raise self.bad(line, f"has the YAML tag {node.tag}", "put a text in quotes")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise self.bad(line, "has a name that is a list or mapping", "write a text")
            self.value(key)
            if key.value in made:
                raise self.bad(line, f"has {key.value!r} twice", "keep the one that is meant")
            made[key.value] = self.value(value)
        return made

    def _scalar(self, node: Any, line: int) -> Any:
        kind = node.tag.removeprefix(_PREFIX)
        if kind in ("bool", "int", "float", "null"):
            try:
                return self._made.construct_object(node)
            except ValueError:
                raise self.bad(line, f"has {node.value!r}", "put it in quotes") from None
        return node.value
