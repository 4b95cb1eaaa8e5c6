"""A policy file's text → its rules: strictly, where YAML and oslo.policy are lenient.

oslo.policy reads a YAML mapping of rule names to check strings. A value that is empty or no string
mostly means "everyone may" to it: an unquoted `!` (a YAML tag), `no`, `~`, `0`, `[]`, `{}`. Whoever
wrote such a value can hardly have meant that, so the file is refused.
https://docs.openstack.org/oslo.policy/latest/admin/policy-yaml-file.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.resolver import Resolver

from policy_proxy.policy import appearance
from policy_proxy.policy.problem import Problem

# oslo.policy's own. libyaml's is faster, but takes and reads some texts otherwise.
_LOADER = yaml.SafeLoader
_RESOLVER: Any = Resolver()
_STRING = "tag:yaml.org,2002:str"
_QUOTE = 'write a check string in double quotes, "!" for nobody or "@" for everyone'
REFUSED = "!"
"""The check of a rule whose own is refused, so that what refers to it is not reported as well."""
_HANDLE = re.compile("(tag handle) .*")
"""The one place where PyYAML quotes more than a character of what it cannot read."""
_MAX_DEPTH = 20
"""Values are strings: what is nested is refused anyway. Below this depth it is not read on: PyYAML
would take hours for a megabyte of brackets.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a policy file, with the place where it stands."""

    name: str
    check: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rules by name, and what is found. With any error the rules must not become policy."""

    rules: dict[str, Rule]
    problems: tuple[Problem, ...]


def parse(file: str, content: bytes) -> Parsed:
    """Read one policy file.

    :param file: its path, for the problems.
    :param content: a single YAML document in UTF-8: a mapping of rule names to check strings.
    """
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    try:
        text = content.decode()
        if (hidden := appearance.problem(file, text)) is not None:
            problems.append(hidden)
        for found in _findings(file, text):
            if isinstance(found, Problem):
                problems.append(found)
            elif found.name in rules:
                problems.append(_duplicate(found, rules[found.name]))
            else:
                rules[found.name] = found
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(Problem("PP103", file, line, "", "is not UTF-8", "save it as UTF-8"))
    except yaml.YAMLError as error:
        problems.append(_broken(file, content.decode(), error))
    return Parsed(rules, tuple(problems))


def _findings(file: str, text: str) -> Iterator[Rule | Problem]:
    """Walks YAML's events, which come one by one: no alias is followed and nothing is nested."""
    events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
    top = next((event for event in events if isinstance(event, yaml.NodeEvent)), None)
    if not isinstance(top, yaml.MappingStartEvent) or top.tag or top.anchor:
        yield _no_mapping(file, text, top)
        return
    key = None
    for key, value in _entries(events):
        yield from _entry(file, key, value)
    if top.flow_style and key is not None:
        remedy = "write it as YAML, a line for each rule: policy-proxy policy fmt does"
        yield Problem("PP209", file, _line(top), "", "is written as JSON", remedy)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            text = "holds a second YAML document"
            yield Problem("PP106", file, _line(event), "", text, "keep one, without ---")
            return


def _entries(events: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """The first event of each key and of its value, up to the end of the mapping around them.

    :raises yaml.YAMLError: if something within is nested too deeply.
    """
    depth, key = 1, None
    while depth:
        event = next(events)
        if depth == 1 and isinstance(event, yaml.NodeEvent):
            if key is None:
                key = event
            else:
                yield key, event
                key = None
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem="something is nested too deeply", problem_mark=event.start_mark
            )


def _entry(file: str, key: Any, value: Any) -> Iterator[Rule | Problem]:
    line = _line(key)
    fault = _fault(key)
    if fault:
        remedy = "write each rule's name as a string, once, in double quotes"
        yield Problem("PP107", file, line, "", f"has a rule name that {fault}", remedy)
        return
    name, fault = key.value, _fault(value)
    if fault:
        yield Problem("PP108", file, line, name, f"has a value that {fault}", _QUOTE)
    yield Rule(name, REFUSED if fault else value.value, file, line)


def _fault(event: Any) -> str:
    """Why this is no plain string; empty if it is one."""
    if event.anchor is not None:
        return "is a YAML anchor or alias"
    if not isinstance(event, yaml.ScalarEvent):
        return "is a list or mapping, not a string"
    if event.tag is not None:
        return f"starts with a YAML tag (an unquoted {event.tag}), which is not a string"
    if not event.value.strip():
        return "is empty"
    if _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit) != _STRING:
        return f"is no string but YAML's reading of an unquoted {event.value}"
    return ""


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _no_mapping(file: str, text: str, top: Any) -> Problem:
    empty = top is None or (isinstance(top, yaml.ScalarEvent) and not top.value)
    if empty and _comments_only(text):
        remedy = "write {} below them if the default rules alone are meant"
        return Problem("PP201", file, 1, "", "holds comments only, no rules", remedy)
    if empty:
        remedy = "write {} into it if the default rules alone are meant"
        return Problem("PP104", file, 1, "", "holds no rules", remedy)
    found = "is no mapping of rule names to check strings"
    return Problem("PP105", file, _line(top), "", found, 'write lines such as "RULE": "role:admin"')


def _comments_only(text: str) -> bool:
    """As the generator of samples writes it; what is left of a longer file may be empty."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    return any(lines) and all(line.startswith("#") for line in lines if line)


def _duplicate(rule: Rule, first: Rule) -> Problem:
    text = f"stands here again, after line {first.line}"
    return Problem("PP109", rule.file, rule.line, rule.name, text, "keep the one that is meant")


def _broken(file: str, content: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    before = content[: getattr(error, "position", 0)]
    text = getattr(error, "problem", None) or getattr(error, "reason", None) or "unknown error"
    text = _HANDLE.sub(r"\1", text)
    context, start = getattr(error, "context", None), getattr(error, "context_mark", None)
    if context and start:
        text = f"{context} from line {start.line + 1}: {text}"
    line = mark.line + 1 if mark else before.count("\n") + 1
    remedy = "mend it; quote every check string"
    return Problem("PP103", file, line, "", f"is no YAML ({text})", remedy)
