"""Policy files with other check strings in them: every other line stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from policy_proxy.policy.fmt import formatted
from policy_proxy.policy.lint.silence import SILENCES

_AT_END = re.compile(r"(\n *)+\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as it should stand in a file.

    :param comment: stands beside it, or above it where it replaces another; empty for none.
    """

    rule: str
    check: str
    comment: str = ""

    def __str__(self) -> str:
        beside = f"  # {self.comment}" if self.comment else ""
        return f'"{self.rule}": {_quoted(self.check)}{beside}'


def edited(text: str, changed: Iterable[Line], added: Sequence[Line], taken: Iterable[str]) -> str:
    """
    :param text: a policy file, a rule a line; empty if there is none.
    :param changed: rules that it has.
    :param added: rules that it has not; they come at its end.
    :param taken: names of rules that are taken away, with what silences a warning about them.
    """
    lines = {line.rule: line for line in changed}
    gone = set(taken)
    for name, value in reversed(_entries(text)):
        if name.value in gone:
            text = _without(text, name, value)
        elif name.value in lines:
            text = _with(text, name, value, lines[name.value])
    return _extended(text, added) if added else text


def in_lines(file: str, content: bytes, order: Sequence[str]) -> str:
    """The text of a policy file, a rule a line; without braces around nothing.

    :param order: the names of the service's rules.
    :raises PolicyError: if a file written as JSON has no other form.
    """
    text = content.decode().removeprefix("\ufeff")
    mapping: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    if mapping is None or not mapping.flow_style:
        return text
    if mapping.value:
        return formatted(file, content, order).decode()
    return text[: mapping.start_mark.index] + text[mapping.end_mark.index :].lstrip()


def without_line(text: str, number: int) -> str:
    """Without the comment that silences something, on the line of this number, counted from 1."""
    lines = text.splitlines(keepends=True)
    kept = SILENCES.sub("", lines[number - 1].rstrip("\n"))
    lines[number - 1] = f"{kept.rstrip()}\n" if kept.strip() else ""
    return "".join(lines)


def _entries(text: str) -> list[tuple[Any, Any]]:
    mapping: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    return mapping.value if mapping is not None else []


def _with(text: str, name: Any, value: Any, line: Line) -> str:
    begin, end = value.start_mark.index, _end(text, value)
    start = text.rfind("\n", 0, name.start_mark.index) + 1
    above = f"# {line.comment}\n" if line.comment else ""
    return f"{text[:start]}{above}{text[start:begin]}{_quoted(line.check)}{text[end:]}"


def _without(text: str, name: Any, value: Any) -> str:
    start = text.rfind("\n", 0, name.start_mark.index) + 1
    stop = text.find("\n", _end(text, value)) + 1 or len(text)
    before = text[:start].splitlines(keepends=True)
    while before and before[-1].lstrip().startswith("#") and SILENCES.search(before[-1]):
        before.pop()
    return "".join(before) + text[stop:]


def _end(text: str, value: Any) -> int:
    """Where a check string ends; a block seems to go on to the next text."""
    begin, end = int(value.start_mark.index), int(value.end_mark.index)
    return begin + len(_AT_END.sub("", text[begin:end])) if value.style in ("|", ">") else end


def _extended(text: str, added: Sequence[Line]) -> str:
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    return before + "\n".join(map(str, added)) + "\n"


def _quoted(check: str) -> str:
    """In double quotes, as YAML has them."""
    quoted: str = yaml.safe_dump(check, default_style='"', width=10**6, allow_unicode=True)
    return quoted.rstrip("\n")
