"""How an explanation is shown: as text that needs neither colour nor a wide window, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from policy_proxy.cli.policy.answer import Answer
from policy_proxy.cli.policy.past import Past
from policy_proxy.cli.policy.question import Question
from policy_proxy.cli.terminal import from_here, print_stripped
from policy_proxy.model import Identity
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.explain import Explained
from policy_proxy.policy.snapshot import scope_of
from policy_proxy.policy.sufficient import Sufficient, scopes_told

_MOST_SETS = 12
_NOT_SAID = ("is_admin_project", "system")
"""What nearly every token has, and a second name of `system_scope`."""
_VERDICTS = {True: ("yes", "green"), False: ("no", "red"), None: ("fails", "bold red")}


def show_json(answer: Answer) -> None:
    click.echo(json.dumps(document_of(answer), indent=2))


def document_of(answer: Answer) -> dict[str, Any]:
    question, past = answer.question, answer.past
    return {
        "rule": question.rule,
        "route": past.route if past else question.route,
        "allowed": answer.allowed,
        "revision": answer.revision,
        "caller": credentials(answer.identity),
        "target": dict(answer.target),
        "scope": {
            "token": scope_of(answer.identity),
            "rule": answer.scopes,
            "fits": answer.fits,
        },
        "checks": _checks_document(answer.tree),
        "enough": asdict(answer.enough) if answer.enough else None,
        "past": _past_document(past, answer.revision) if past else None,
    }


def _checks_document(node: Explained, origin: str = "") -> dict[str, Any]:
    """Every check has the origin of the rule that it stands in."""
    origin = node.origin or origin
    return {
        "text": node.text,
        "value": node.value,
        "why": node.why,
        "origin": origin,
        "parts": [_checks_document(part, origin) for part in node.parts],
    }


def show_open(question: Question, form: str) -> None:
    """An operation that policy is not asked about."""
    if form == "json":
        click.echo(json.dumps({"route": question.route, "rule": "", "allowed": True}, indent=2))
    else:
        click.echo(f"{question.route} is open to everyone: no rule decides it.")


def _past_document(past: Past, revision: str) -> dict[str, Any]:
    names = ("request_id", "time", "outcome", "status", "revision", "same_id")
    return {
        **{name: getattr(past, name) for name in names},
        "same_revision": past.revision == revision,
    }


def show_text(answer: Answer) -> None:
    print_text(answer, Console(highlight=False))


def print_text(answer: Answer, console: Console) -> None:
    console.print("Allowed." if answer.allowed else "Denied.")
    console.print()
    print_stripped(console, _facts(answer))
    console.print()
    print_stripped(console, _tree(answer.tree))
    if answer.enough:
        console.print()
        for line in _enough(answer.enough):
            print_stripped(console, _plain(line))


def _plain(text: str, style: str = "") -> Text:
    """In printable characters alone: a log, or a token, may hold others."""
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return Text(printable, style, overflow="fold")


def _facts(answer: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, fact in _head(answer):
        if fact:
            table.add_row(Text(name), _plain(fact))
    return table


def _head(answer: Answer) -> Iterator[tuple[str, str]]:
    question, past = answer.question, answer.past
    creds = credentials(answer.identity)
    yield "asked", past.route if past else question.route
    yield "rule", question.rule
    yield "revision", answer.revision
    if past:
        yield "then", _then(past, answer.revision)
    yield "caller", _pairs({name: value for name, value in creds.items() if name not in _NOT_SAID})
    yield "target", _pairs(answer.target)
    token, wanted = _scope(answer.identity), scopes_told(answer.scopes)
    yield "scope", token if answer.fits else f"{token}, but the rule is for {wanted}"


def _scope(identity: Identity) -> str:
    scope = scopes_told([scope_of(identity)])
    has_one = identity.project_id or identity.domain_id or identity.system_scope
    return scope if has_one else f"none, which counts as {scope}"


def _then(past: Past, revision: str) -> str:
    """What became of the request, and why it may not be explained by this policy."""
    said = [f"{past.outcome} ({past.status or 'no answer is recorded'}) at {past.time}"]
    if past.revision != revision:
        doubt = "the reasons then may have been others"
        said.append(f"by another revision, {past.revision}: {doubt}")
    if past.same_id > 1:
        said.append(f"the last of {past.same_id} records with this id")
    return "; ".join(said)


def _pairs(values: Mapping[str, Any]) -> str:
    said = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }
    return "  ".join(f"{name}={value}" for name, value in said.items() if value) or "none"


def _tree(node: Explained) -> Tree:
    """A rule and the connective that it consists of share a line."""
    inner = node.parts[0] if node.origin and node.parts else None
    if inner is None or inner.origin or not inner.parts:
        tree, parts = Tree(_label(node)), node.parts
    else:
        tree, parts = Tree(_label(node, inner.text)), inner.parts
    tree.children += map(_tree, parts)
    return tree


def _label(node: Explained, connective: str = "") -> Text:
    word, style = _VERDICTS[node.value]
    parts = [
        node.text,
        f" = {connective}" if connective else "",
        f": {node.why}" if node.why else "",
    ]
    origin = f"  [{from_here(node.origin)}]" if node.origin else ""
    label = (_plain("".join(parts)), _plain(origin, "dim"))
    return Text.assemble((word, style), "  ", *label, overflow="fold")


def _enough(enough: Sufficient) -> Iterator[str]:
    if enough.sets:
        yield "Any one of these would be enough:"
    elif enough.complete:
        yield "No other caller, and no other target, would be allowed."
    for changes in enough.sets[:_MOST_SETS]:
        yield f"  {', and '.join(changes)}"
    if len(enough.sets) > _MOST_SETS:
        yield f"  and {len(enough.sets) - _MOST_SETS} more: --format json shows them"
    if not enough.complete:
        yield "Not everything was tried: something else may be enough."
