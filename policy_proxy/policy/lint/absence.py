"""Attributes that a request may leave out, under `not`: then the check holds by their absence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy_proxy.policy.lint.supply import Attributes, attributes_of
from policy_proxy.policy.nodes import Node, Not, Reference, parts_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule

Step = tuple[Node, Rule | None, bool]
"""A node, the rule of a file that it stands in or below, and whether it stands under `not`."""


def problems(
    rules: Mapping[str, Node], written: Mapping[str, Rule], optional: Attributes
) -> Iterator[Problem]:
    """
    :param rules: every rule in force.
    :param written: the rules of files by the names under which their checks are in force.
    :param optional: for the rule of each operation the attributes that its requests may lack.
    """
    told: set[tuple[Rule, str]] = set()
    for operation, names in optional.items():
        for rule, name in _negated(rules, written, operation) if names else ():
            if name in names and (rule, name) not in told:
                told.add((rule, name))
                text = f"has %({name})s under not, which holds where {operation} is asked without"
                remedy = "say beside it who is meant, as a check that is not under not"
                yield Problem("PP214", rule.file, rule.line, rule.name, text, remedy)


def _negated(
    rules: Mapping[str, Node], written: Mapping[str, Rule], operation: str
) -> Iterator[tuple[Rule, str]]:
    """Every attribute under `not` that the operation's rule may look at, with the rule to blame."""
    todo: list[Step] = [(rules[operation], written.get(operation), False)]
    seen: set[tuple[str, Rule | None, bool]] = set()
    while todo:
        node, rule, negated = todo.pop()
        if isinstance(node, Reference):
            place = node.name, written.get(node.name, rule), negated
            if place not in seen:
                seen.add(place)
                todo.append((rules[node.name], *place[1:]))
        elif parts_of(node):
            negated = negated is not isinstance(node, Not)
            todo += [(part, rule, negated) for part in reversed(parts_of(node))]
        elif rule and negated:
            for name in attributes_of(node):
                yield rule, name
