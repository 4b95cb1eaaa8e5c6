"""Rules of files under names that the service has given up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from oslo_policy import policy

from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule


def taken(
    rules: Mapping[str, Rule], registered: Iterable[Any], enforcer: policy.Enforcer
) -> dict[str, Rule]:
    """For each default rule that has the check of its old name, the rule that a file has under it.

    :param registered: the service's rule defaults.
    :param enforcer: which has loaded them over the rules; it decides what is taken
        (`Enforcer._handle_deprecated_rule`).
    """
    return {
        default.name: rules[default.deprecated_rule.name]
        for default in registered
        if default.name not in rules
        and default.deprecated_rule
        and default.deprecated_rule.name in rules
        and enforcer.rules[default.name] is enforcer.file_rules[default.deprecated_rule.name].check
    }


def problems(taken: Mapping[str, Rule]) -> Iterator[Problem]:
    names: dict[Rule, list[str]] = defaultdict(list)
    for name, rule in taken.items():
        names[rule].append(name)
    for rule, new in names.items():
        text = f"stands under an old name, and its check is in force for {', '.join(new)}"
        yield Problem("PP211", rule.file, rule.line, rule.name, text, "write the new name")
