"""Attributes that a check names and the operation does not supply: such a check never matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from policy_proxy.policy.nearest import nearest
from policy_proxy.policy.nodes import HasRole, Literal, Matches, Node, Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule

Attributes = Mapping[str, frozenset[str]]
"""For the rule of each operation the attributes that its target can have."""

_SHOWN = 3


def problems(
    rules: Mapping[str, Node], written: Mapping[str, Rule], attributes: Attributes
) -> Iterator[Problem]:
    """An attribute is named by a rule of a file, or by a default rule that it refers to: then the
    rule of the file is to blame, as the nearest that somebody wrote.

    :param rules: every rule in force.
    :param written: the rules of files by the names under which their checks are in force.
    """
    without: dict[tuple[Rule, str], list[str]] = defaultdict(list)
    for operation, supplied in attributes.items():
        for blamed in dict.fromkeys(_named(rules, written, operation)):
            if blamed[1] not in supplied:
                without[blamed].append(operation)
    for (rule, name), operations in without.items():
        near = frozenset.intersection(*(attributes[operation] for operation in operations))
        text = f"names %({name})s, which {_listed(operations)} cannot supply"
        yield Problem("PP117", rule.file, rule.line, rule.name, text, _remedy(name, near))


def _named(
    rules: Mapping[str, Node], written: Mapping[str, Rule], operation: str
) -> Iterator[tuple[Rule, str]]:
    """Every attribute that the operation's rule may look at, with the rule to blame for it."""
    todo: list[tuple[str, Rule | None]] = [(operation, None)]
    seen = set(todo)
    while todo:
        name, above = todo.pop()
        rule = written.get(name, above)
        for leaf in leaves_of(rules[name]):
            if isinstance(leaf, Reference):
                step = (leaf.name, rule)
                if step not in seen:
                    seen.add(step)
                    todo.append(step)
            elif rule:
                for attribute in attributes_of(leaf):
                    yield rule, attribute


def attributes_of(leaf: Node) -> tuple[str, ...]:
    """The attributes of the target that a single check names."""
    if isinstance(leaf, HasRole):
        return leaf.name.names
    return leaf.wanted.names if isinstance(leaf, Literal | Matches) else ()


def _listed(operations: list[str]) -> str:
    more = len(operations) - _SHOWN
    shown = ", ".join(operations[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _remedy(name: str, supplied: frozenset[str]) -> str:
    near = nearest(name, sorted(supplied))
    if near:
        return f"did you mean %({near})s?"
    if supplied:
        return f"name one of {', '.join(f'%({other})s' for other in sorted(supplied))}"
    return "decide by roles, or give these operations rules of their own"
