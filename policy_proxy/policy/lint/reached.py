"""Rules of files that decide nothing: no operation comes to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from policy_proxy.policy.nodes import Node, Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule


def problems(
    rules: Mapping[str, Node],
    origins: Mapping[str, Rule],
    taken: Mapping[str, Rule],
    asked: Collection[str],
) -> Iterator[Problem]:
    """
    :param rules: every rule in force.
    :param origins: the rules of files by their names.
    :param taken: those of them that are in force under other names, by those names.
    :param asked: the rules that are asked for, not only referred to.
    """
    reached = _reached(rules, asked)
    by_old_name = {rule.name for name, rule in taken.items() if name in reached}
    for name, rule in origins.items():
        if name not in reached and name not in by_old_name:
            text = "decides nothing: no rule of an operation refers to it, directly or not"
            remedy = f"refer to it as rule:{name}, or take it away"
            yield Problem("PP205", rule.file, rule.line, rule.name, text, remedy)


def _reached(rules: Mapping[str, Node], asked: Collection[str]) -> set[str]:
    reached, todo = set[str](), [name for name in asked if name in rules]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [leaf.name for leaf in leaves_of(rules[name]) if isinstance(leaf, Reference)]
    return reached
