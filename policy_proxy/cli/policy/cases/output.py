"""How the results of cases are told: failures with their explanations, and the counts."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from policy_proxy.cli.policy.cases import coverage_output
from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.cli.policy.cases.run import Result
from policy_proxy.cli.policy.explain_output import document_of, print_text
from policy_proxy.cli.terminal import print_stripped, printable
from policy_proxy.model import Effect
from policy_proxy.policy.snapshot import PolicySnapshot

_EXPLAINED = 20
"""Failures that are shown with an explanation in a terminal."""


def show_text(every: Sequence[Ran]) -> None:
    console = Console(highlight=False)
    for ran in every:
        for number, result in enumerate(ran.failed):
            _failure(console, ran.suite.snapshot, result, explained=number < _EXPLAINED)
    for ran in every:
        counts = _counts(len(ran.results) - len(ran.failed), len(ran.failed))
        print_stripped(console, Text(f"{ran.suite.policy}: {counts}"))
    for ran in every:
        coverage_output.show_text(console, ran)
    for ran in every:
        lines = list(coverage_output.pasted(ran))
        if lines:
            console.print()
        for line in lines:
            click.echo(line)


def show_json(every: Sequence[Ran]) -> None:
    policies = [
        {
            "policy": ran.suite.policy,
            "revision": ran.suite.snapshot.revision,
            "passed": len(ran.results) - len(ran.failed),
            "failed": len(ran.failed),
            "cases": list(_cases(ran)),
            "coverage": coverage_output.document_of(ran),
        }
        for ran in every
    ]
    click.echo(json.dumps({"policies": policies}, indent=2))


def explanation(snapshot: PolicySnapshot, result: Result, width: int = 100) -> str:
    """What `policy explain` says of the case, without colour."""
    text = StringIO()
    console = Console(file=text, width=width, highlight=False, color_system=None)
    print_text(result.explained(snapshot), console)
    return text.getvalue()


def _failure(
    console: Console, snapshot: PolicySnapshot, result: Result, *, explained: bool
) -> None:
    case = result.case
    print_stripped(console, Text.assemble(("FAILED", "bold red"), f"  {printable(case.place)}"))
    print_stripped(console, Text(f"  {printable(case.name)}"))
    print_stripped(console, Text(f"  {printable(result.failure)}"))
    if explained:
        inner = Console(width=console.width - 2, highlight=False)
        with inner.capture() as captured:
            print_text(result.explained(snapshot), inner)
        console.print()
        click.echo(textwrap.indent(captured.get(), "  "), nl=False)
    console.print()


def _counts(passed: int, failed: int) -> str:
    return f"{passed} passed" + (f", {failed} failed" if failed else "")


def _cases(ran: Ran) -> Iterator[dict[str, Any]]:
    for result in ran.results:
        case = result.case
        yield {
            "name": case.name,
            "file": case.file,
            "line": case.line,
            "rule": result.question.rule,
            "expect": "allow" if case.expect is Effect.ALLOW else "deny",
            "allowed": result.allowed,
            "failure": result.failure,
            "explanation": document_of(result.explained(ran.suite.snapshot))
            if result.failure
            else None,
        }
