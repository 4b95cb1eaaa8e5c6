"""How rules refer to each other: to rules that exist, in no circle, and not without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from oslo_policy import policy

from policy_proxy.policy.checks import MAX_DEPTH, depth, leaves
from policy_proxy.policy.nearest import nearest
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule

MAX_CHECKS = 10_000
"""Most single checks that one decision may take, every reference followed."""
_HINTS = 20
"""Most undefined names for which the nearest one is looked for: among many that takes long."""


def references(check: Any) -> list[str]:
    """The names of the rules that a check tree refers to, once for each time it does."""
    return [leaf.match for leaf in leaves(check) if isinstance(leaf, policy.RuleCheck)]


def problems(checks: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[Problem]:
    """What is wrong between the rules.

    oslo.policy looks for this too (`Enforcer.check_rules`), but not under `not`, where an undefined
    rule lets everybody in.

    :param checks: the check tree of every rule by name, defaults included.
    :param rules: where the checks come from, for those that stand in files; under the name of each
        check, which need not be that of the rule.
    """
    graph = {name: references(check) for name, check in checks.items()}
    undefined = list(_undefined(graph, rules))
    if undefined:
        return undefined
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        text = f"refers to itself ({' -> '.join(reversed(circle))})"
        name = next((name for name in circle if name in rules), circle[0])
        return [_problem("PP123", name, rules, text, "break the circle")]
    return list(_endless(order, graph, checks, rules))


def _undefined(graph: Mapping[str, list[str]], rules: Mapping[str, Rule]) -> Iterator[Problem]:
    hints = _HINTS
    for name, others in graph.items():
        for other in dict.fromkeys(others):
            if other not in graph:
                near = nearest(other, graph) if hints else ""
                hints -= bool(hints)
                remedy = f"did you mean rule:{near}?" if near else "define it, or correct its name"
                text = f"refers to rule:{other}, which is not defined"
                yield _problem("PP122", name, rules, text, remedy)


def _endless(
    order: list[str],
    graph: Mapping[str, list[str]],
    checks: Mapping[str, Any],
    rules: Mapping[str, Rule],
) -> Iterator[Problem]:
    """A few lines that each refer twice to the next would take for ever, a long chain would end in
    a RecursionError: either would be noticed only by a request.
    """
    costs: dict[str, int] = {}
    depths: dict[str, int] = {}
    for name in order:
        followed = sum(costs[other] for other in graph[name])
        costs[name] = sum(1 for _ in leaves(checks[name])) + followed
        below = max((depths[other] for other in graph[name]), default=0)
        depths[name] = depth(checks[name]) + below
        if costs[name] > MAX_CHECKS or depths[name] > MAX_DEPTH:
            text = f"takes more than {MAX_CHECKS} checks, or {MAX_DEPTH} within each other"
            to_blame = _to_blame(name, graph, depths, rules)
            yield _problem("PP112", to_blame, rules, text, "refer to fewer rules")
            return


def _to_blame(
    name: str, graph: Mapping[str, list[str]], depths: Mapping[str, int], rules: Mapping[str, Rule]
) -> str:
    """The rule itself, or what a file has put below a default rule."""
    while name not in rules and graph[name]:
        name = max(graph[name], key=lambda other: (other in rules, depths[other]))
    return name


def _problem(code: str, name: str, rules: Mapping[str, Rule], text: str, remedy: str) -> Problem:
    rule = rules.get(name)
    if rule is None:
        return Problem(code, "", 0, name, text, remedy)
    return Problem(code, rule.file, rule.line, rule.name, text, remedy)
