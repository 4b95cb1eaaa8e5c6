"""The explanations that the cells of a page open: each once, however many cells show it."""

from __future__ import annotations

import json
from typing import Any

from policy_proxy.cli.policy.matrix_views import labels
from policy_proxy.cli.policy.matrix_views.document import who
from policy_proxy.cli.policy.matrix_views.report import Policy, Report
from policy_proxy.cli.terminal import from_here
from policy_proxy.policy.diff.realise import Case
from policy_proxy.policy.explain import Explained
from policy_proxy.policy.matrix.grid import Change, Entry


class Explanations:
    """Collected while the cells are laid out."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._kept: dict[str, int] = {}

    def place(self, rule: str, entry: Entry) -> int:
        """Where the explanation of a cell is."""
        made = {
            "change": labels.CHANGES.get(entry.change, ""),
            "changed": entry.change is not Change.NONE,
            "policies": [
                self._policy(policy, rule, entry, place)
                for place, policy in enumerate(self._report.policies)
            ],
            "examples": [self._example(rule, case) for case in entry.examples],
        }
        return self._kept.setdefault(json.dumps(made), len(self._kept))

    def data(self) -> list[Any]:
        """Every explanation, at its place."""
        return list(map(json.loads, self._kept))

    @staticmethod
    def _policy(policy: Policy, rule: str, entry: Entry, place: int) -> dict[str, Any]:
        cell, listed = entry.cells[place], policy.listed[rule]
        return {
            "name": policy.name,
            "effect": cell.effect,
            "conditions": cell.conditions,
            "remark": cell.remark,
            "check": listed.check,
            "origin": from_here(listed.origin),
            "scopes": listed.scopes,
        }

    def _example(self, rule: str, case: Case) -> dict[str, Any]:
        identity, target = case
        caller = who(identity)
        if caller.get("is_admin_project") is True:  # as nearly always
            del caller["is_admin_project"]
        answers = (policy.explained(rule, case) for policy in self._report.policies)
        return {
            "caller": caller,
            "target": target,
            "answers": [{"allowed": allowed, "tree": _tree(tree)} for allowed, tree in answers],
        }


def _tree(node: Explained) -> dict[str, Any]:
    """A rule and the connective that it consists of share a line, as in `policy explain`."""
    inner = node.parts[0] if node.origin and node.parts else None
    if inner is None or inner.origin or not inner.parts:
        text, parts = node.text, node.parts
    else:
        text, parts = f"{node.text} = {inner.text}", inner.parts
    return {
        "text": text,
        "value": node.value,
        "why": node.why,
        "origin": from_here(node.origin) if node.origin else "",
        "parts": list(map(_tree, parts)),
    }
