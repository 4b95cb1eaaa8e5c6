"""How findings about policy files are shown."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.terminal import from_here, print_stripped
from policy_proxy.policy.lint.codes import CODES
from policy_proxy.policy.problem import Level, Problem, errors

_STYLES = {Level.ERROR: "red", Level.WARNING: "yellow"}
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def table(found: Sequence[Problem]) -> None:
    """File by file, in whatever width there is."""
    console = Console(highlight=False)
    for path, problems in groupby(found, attrgetter("path")):
        console.print(Text(path, "bold"))
        rows = Table.grid(padding=(0, 2))
        for problem in problems:
            level = Text(problem.level, _STYLES[problem.level])
            line = f"  {problem.line or '-'}"
            rows.add_row(line, level, problem.code, Text(problem.sentence))
        print_stripped(console, rows)
        console.print()
    console.print(_summary(found))


def _summary(found: Sequence[Problem]) -> str:
    bad = len(errors(found))
    counts = (_count(bad, "error"), _count(len(found) - bad, "warning"))
    return ", ".join(counts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_json(found: Sequence[Problem]) -> None:
    bad = len(errors(found))
    answer = {
        "errors": bad,
        "warnings": len(found) - bad,
        "findings": [
            {
                "code": problem.code,
                "level": problem.level,
                "file": problem.file,
                "line": problem.line,
                "rule": problem.rule,
                "text": problem.text,
                "remedy": problem.remedy,
            }
            for problem in found
        ],
    }
    click.echo(json.dumps(answer, indent=2))


def github(found: Iterable[Problem]) -> None:
    """Workflow commands, which GitHub shows in place:
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    for problem in found:
        place = {"file": from_here(problem.path), "line": str(problem.line or 1)}
        title = {"title": f"{problem.code} {CODES[problem.code].title}"}
        properties = (place if problem.file else {}) | title
        written = ",".join(f"{name}={_escaped(text, ':,')}" for name, text in properties.items())
        click.echo(f"::{problem.level} {written}::{_escaped(problem.sentence)}")


def _escaped(text: str, more: str = "") -> str:
    """Percent signs, line ends and what else ends the field stand as %XX."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in text)


def sarif(found: Iterable[Problem]) -> None:
    """SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

    With what GitHub wants besides, such as a line for every finding in a file:
    https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
    """
    driver = {
        "name": "policy-proxy",
        "version": version("policy-proxy"),
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": one.title},
                "fullDescription": {"text": one.explanation},
                "help": {"text": one.remedy},
                "defaultConfiguration": {"level": _level(code)},
            }
            for code, one in CODES.items()
        ],
    }
    run = {"tool": {"driver": driver}, "results": list(map(_result, found))}
    click.echo(json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2))


def _level(code: str) -> str:
    return Problem(code, "", 0, "", "", "").level


def _result(problem: Problem) -> dict[str, Any]:
    path = Path(from_here(problem.file))
    uri = path.as_uri() if path.is_absolute() else quote(os.fsencode(path))
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": problem.line or 1}}
    return {
        "ruleId": problem.code,
        "ruleIndex": list(CODES).index(problem.code),
        "level": problem.level,
        "message": {"text": problem.sentence},
        "locations": [{"physicalLocation": place}] if problem.file else [],
    }
