"""A policy file taken apart: groups of rules, and the comments around them."""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

# What may stand around names and check strings besides comments: it holds nothing to keep.
_SYNTAX = re.compile(r"[\s{},?:]*(?:(?:---|\.\.\.)[\s{},?:]*)?(?P<comment>#.*)?")
_BLOCKS = ("|", ">")
_AT_END = re.compile(r"(\n *)+\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule as it will be written.

    :param above: the comments directly above it.
    :param text: the rule, with the comment beside it.
    """

    name: str
    above: tuple[str, ...]
    text: str


@dataclass(slots=True)
class Group:
    """Rules without an empty line between them.

    :param before: comments and empty lines that stand above all.
    :param after: comments below the last rule.
    """

    before: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def taken_apart(text: str) -> tuple[list[Group], list[str]]:
    """The groups, and what stands behind the last one."""
    text = f"\n{text}"  # so that a line ends before whatever stands above the first rule
    mapping = _composed(text)
    pairs = mapping.value
    begin = mapping.start_mark.index if mapping.flow_style else 0
    gaps = list(_gaps(text, begin, pairs))
    gaps[0] = ["", *gaps[0]] if begin else gaps[0]  # nothing is beside a rule before the first
    groups: list[Group] = []
    for (name, value), (_, *lines), (beside, *_) in zip(pairs, gaps, gaps[1:], strict=False):
        above = lines[:-1]  # the last line is that of the name
        if not groups or "" in above:
            cut = len(above) - above[::-1].index("") if "" in above else 0
            before = _left_behind(groups, above[:cut])
            groups.append(Group(before))
            above = above[cut:]
        groups[-1].entries.append(_entry(text, name, value, above, beside))
    if begin:  # what stands above a brace is about the file
        groups[0].before = [*_comments(text[:begin]), "", *groups[0].before]
    return groups, _left_behind(groups, gaps[-1][1:])


def every_comment(text: str) -> Counter[str]:
    """The comments, each as often as it stands there: whatever is outside of names and check
    strings from a `#` on. Found without taking the file apart, to be compared with that.
    """
    outside, at = [], 0
    for scalar in chain.from_iterable(_composed(text).value):
        header = _header(text, scalar) if scalar.style in _BLOCKS else ""
        outside += [text[at : scalar.start_mark.index], header]
        at = _end(text, scalar)
    found: list[str] = re.findall("#.*", "".join([*outside, text[at:]]))
    return Counter(comment.rstrip() for comment in found)


def _composed(text: str) -> Any:
    # Not the round-trip loader: it stumbles over comments in unusual places, which are read here.
    return YAML(typ="safe", pure=True).compose(text)


def _left_behind(groups: list[Group], lines: list[str]) -> list[str]:
    """The lines without those that directly follow the last group: they stay with it."""
    after = lines.index("") if "" in lines else len(lines)
    if groups:
        groups[-1].after = lines[:after]
        return lines[after:]
    return lines


def _gaps(text: str, first: int, pairs: Sequence[tuple[Any, Any]]) -> Iterator[list[str]]:
    """What stands above, between and behind rules: first what is beside the rule before.

    :param first: where the first begins.
    """
    begins = [first, *(_end(text, value) for _, value in pairs)]
    ends = [*(name.start_mark.index for name, _ in pairs), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        yield _comments(text[begin:end])


def _entry(text: str, name: Any, value: Any, above: list[str], beside: str) -> Entry:
    within = filter(None, _comments(text[name.end_mark.index : value.start_mark.index]))
    check = _quoted(value.value)
    if value.style in _BLOCKS:
        style, sign, comment = _header(text, value).partition("#")
        if "+" in style:  # it keeps the empty lines behind it: nothing could be put behind it
            beside = f"{sign}{comment}".rstrip()
        else:
            check = text[value.start_mark.index : _end(text, value)]
    line = f"{_quoted(name.value)}: {check}"
    return Entry(name.value, (*above, *within), f"{line}  {beside}" if beside else line)


def _header(text: str, block: Any) -> str:
    """The line on which a block is announced, from there on."""
    begin = block.start_mark.index
    return text[begin : text.index("\n", begin) + 1]


def _end(text: str, value: Any) -> int:
    """Where a check string ends. To YAML a block goes on to the next text; here it ends with its
    last line.
    """
    begin, end = int(value.start_mark.index), int(value.end_mark.index)
    return begin + len(_AT_END.sub("", text[begin:end])) if value.style in _BLOCKS else end


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
