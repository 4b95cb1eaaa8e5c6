"""A policy file in canonical form: the same rules and comments, in one order and one quoting.

Names and check strings stand in double quotes; a check string written as a block (`|` or `>`) stays
one. Rules without an empty line between them are a group. In each group first come the rules that
only other rules refer to, by name, then the service's in its own order; groups come in the order of
their first rules.

A comment goes with the rule that it stands above or beside. A comment above the first rule of a
group in which no other rule has one is about the group, and stays at its top, unless it silences a
warning. So does what stands above it behind an empty line; but at the top of the file, that stays
there, as does what stands above a brace. A comment below the last rule of a group, with an empty
line behind it, stays at its end. Should one be lost nevertheless, there is no canonical form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from policy_proxy.policy.groups import Entry, every_comment, taken_apart
from policy_proxy.policy.lint.silence import SILENCES
from policy_proxy.policy.problem import PolicyError, Problem, errors
from policy_proxy.policy.reader import Rule, parse


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
        old = _unix(content.decode().removeprefix("\ufeff"))
        text = _rewritten(old, order)
        had, has = every_comment(old), every_comment(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        _refuse([_no_form(file, error.problem or "it is no YAML 1.2", line)])
    except (YAMLError, ValueError) as error:
        _refuse([_no_form(file, str(error).partition("\n")[0])])
    after = parse(file, text.encode())
    if errors(after.problems) or _meaning(after.rules) != _meaning(before.rules):
        _refuse([_no_form(file, "its rules would not stay the same")])
    for comment in (had - has) | (has - had):
        line = next((n for n, one in enumerate(old.split("\n"), 1) if comment in one), 0)
        _refuse([_no_form(file, f"the comment {comment!r} would not stay as it is", line)])
    return text.encode()


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rewritten(text: str, order: Sequence[str]) -> str:
    places = {name: place for place, name in enumerate(order)}

    def place(entry: Entry) -> tuple[int, str]:
        return places.get(entry.name, -1), entry.name

    groups, end = taken_apart(text)
    lines = [*groups[0].before, ""]
    groups[0].before = []
    for group in sorted(groups, key=lambda group: min(map(place, group.entries))):
        lines += group.before
        for entry in _with_heading(sorted(group.entries, key=place), group.entries[0]):
            lines += [*entry.above, entry.text]
        lines += [*group.after, ""]
    return "\n".join(_spaced([*lines, *end])).rstrip("\n") + "\n"


def _with_heading(entries: list[Entry], first: Entry) -> list[Entry]:
    """
    :param first: the one that stood first until now.
    """
    about_it = any(SILENCES.search(line) for line in first.above)
    if about_it or [entry for entry in entries if entry.above] != [first]:
        return entries
    bare = [replace(entry, above=()) for entry in entries]
    return [replace(bare[0], above=first.above), *bare[1:]]


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
