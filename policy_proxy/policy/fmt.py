"""A policy file in canonical form: the same rules and comments, in one order and one quoting.

Names and check strings stand in double quotes; a check string written as a block (`|` or `>`) stays
one. Rules without an empty line between them are a group. In each group first come the rules that
only other rules refer to, by name, then the service's in its own order; groups come in the order of
their first rules.

A comment goes with the rule that it stands above or beside. A comment above the first rule of a
group in which no other rule has one is about the group, and stays at its top, unless it silences a
warning. So does what stands above it behind an empty line; but at the top of the file, that stays
there. A comment below the last rule of a group, with an empty line behind it, stays at its end.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from policy_proxy.policy.lint.silence import SILENCES
from policy_proxy.policy.problem import PolicyError, Problem, errors
from policy_proxy.policy.reader import Rule, parse

# What may stand around names and check strings besides comments: it holds nothing to keep.
_SYNTAX = re.compile(r"[\s{},?:]*(?:(?:---|\.\.\.)[\s{},?:]*)?(?P<comment>#.*)?")
_BLOCKS = ("|", ">")
_AT_END = re.compile(r"(\n *)+\Z")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A rule as it will be written.

    :param above: the comments directly above it.
    :param text: the rule, with the comment beside it.
    """

    name: str
    above: tuple[str, ...]
    text: str


@dataclass(slots=True)
class _Group:
    """
    :param before: comments and empty lines that stand above all.
    :param after: comments below the last rule.
    """

    before: list[str] = field(default_factory=list)
    entries: list[_Entry] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def formatted(file: str, content: bytes, order: Sequence[str]) -> bytes:
    """The canonical form. A file without a rule stays as it is.

    :param file: its path, for the problems.
    :param order: the names of the service's rules.
    :raises PolicyError: if the file is no good policy file, or has no canonical form.
    """
    before = parse(file, content)
    _refuse(errors(before.problems))
    if not before.rules:
        return content
    try:
        text = _rewritten(content.decode().removeprefix("\ufeff"), order)
    except MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        _refuse([_no_form(file, error.problem or "it is no YAML 1.2", line)])
    except (YAMLError, ValueError) as error:
        _refuse([_no_form(file, str(error).partition("\n")[0])])
    after = parse(file, text.encode())
    if errors(after.problems) or _meaning(after.rules) != _meaning(before.rules):
        _refuse([_no_form(file, "its rules would not stay the same")])
    return text.encode()


def _rewritten(text: str, order: Sequence[str]) -> str:
    places = {name: place for place, name in enumerate(order)}

    def place(entry: _Entry) -> tuple[int, str]:
        return places.get(entry.name, -1), entry.name

    groups, end = _taken_apart(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [*groups[0].before, ""]
    groups[0].before = []
    for group in sorted(groups, key=lambda group: min(map(place, group.entries))):
        lines += group.before
        for entry in _with_heading(sorted(group.entries, key=place), group.entries[0]):
            lines += [*entry.above, entry.text]
        lines += [*group.after, ""]
    return "\n".join(_spaced([*lines, *end])).rstrip("\n") + "\n"


def _with_heading(entries: list[_Entry], first: _Entry) -> list[_Entry]:
    """
    :param first: the one that stood first until now.
    """
    about_it = any(SILENCES.search(line) for line in first.above)
    if about_it or [entry for entry in entries if entry.above] != [first]:
        return entries
    bare = [replace(entry, above=()) for entry in entries]
    return [replace(bare[0], above=first.above), *bare[1:]]


def _taken_apart(text: str) -> tuple[list[_Group], list[str]]:
    """The groups, and what stands behind the last one."""
    text = f"\n{text}"  # so that a line ends before whatever stands above the first rule
    # Not the round-trip loader: it stumbles over comments in unusual places, which are read here.
    pairs = YAML(typ="safe", pure=True).compose(text).value
    gaps = list(_gaps(text, pairs))
    groups: list[_Group] = []
    for (name, value), (_, *lines), (beside, *_) in zip(pairs, gaps, gaps[1:], strict=False):
        above = lines[:-1]  # the last line is that of the name
        if not groups or "" in above:
            cut = len(above) - above[::-1].index("") if "" in above else 0
            before = _left_behind(groups, above[:cut])
            groups.append(_Group(before))
            above = above[cut:]
        groups[-1].entries.append(_entry(text, name, value, above, beside))
    return groups, _left_behind(groups, gaps[-1][1:])


def _left_behind(groups: list[_Group], lines: list[str]) -> list[str]:
    """The lines without those that directly follow the last group: they stay with it."""
    after = lines.index("") if "" in lines else len(lines)
    if groups:
        groups[-1].after = lines[:after]
        return lines[after:]
    return lines


def _gaps(text: str, pairs: Sequence[tuple[Any, Any]]) -> Iterator[list[str]]:
    """What stands above, between and behind rules: first what is beside the rule before."""
    begins = [0, *(_end(text, value) for _, value in pairs)]
    ends = [*(name.start_mark.index for name, _ in pairs), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        yield _comments(text[begin:end])


def _entry(text: str, name: Any, value: Any, above: list[str], beside: str) -> _Entry:
    within = filter(None, _comments(text[name.end_mark.index : value.start_mark.index]))
    line = f"{_quoted(name.value)}: {_written(text, value)}"
    return _Entry(name.value, (*above, *within), f"{line}  {beside}" if beside else line)


def _end(text: str, value: Any) -> int:
    """Where a check string ends. To YAML a block goes on to the next text; here it ends with its
    last line.
    """
    begin, end = int(value.start_mark.index), int(value.end_mark.index)
    return begin + len(_AT_END.sub("", text[begin:end])) if value.style in _BLOCKS else end


def _written(text: str, value: Any) -> str:
    """A block that keeps the empty lines behind it is quoted: nothing could be put behind it."""
    source = text[value.start_mark.index : _end(text, value)]
    keeps = "+" in source.partition("\n")[0]
    return source if value.style in _BLOCKS and not keeps else _quoted(value.value)


def _comments(text: str) -> list[str]:
    """The comment of each line; nothing for a line without.

    :raises ValueError: if there is something else.
    """
    found = [_SYNTAX.fullmatch(line) for line in text.split("\n")]
    if None in found:
        raise ValueError(f"it holds {text.strip()!r}")
    return [(line["comment"] or "").rstrip() for line in found if line]


def _quoted(text: str) -> str:
    yaml, stream = YAML(), io.StringIO()
    yaml.width = sys.maxsize
    yaml.dump(DoubleQuotedScalarString(text), stream)
    return stream.getvalue().removesuffix("\n")


def _spaced(lines: list[str]) -> Iterator[str]:
    """The lines with no empty one at the beginning, and no two in a row."""
    for line, before in zip(lines, ["", *lines], strict=False):
        if line or before:
            yield line


def _meaning(rules: Mapping[str, Rule]) -> dict[str, list[str]]:
    """What oslo.policy sees of the rules: it takes a check string for its words."""
    return {name: rule.check.split() for name, rule in rules.items()}


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise PolicyError(problems)


def _no_form(file: str, why: str, line: int = 0) -> Problem:
    text = f"cannot be formatted ({why})"
    return Problem("PP103", file, line, "", text, "write each rule on lines of its own")
