"""Names of rules that the service does not have, and rules that nothing refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy_proxy.policy import checks
from policy_proxy.policy.nearest import nearest
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule

_A_SLIP = 0.85
"""So much alike, from 0 to 1, is a name to another that it can only be a slip."""
_HINTS = 20
"""Most names for which the nearest one is looked for: that takes some 10 ms each."""


def problems(
    rules: Mapping[str, Rule], registered: Iterable[Any], default_rule: str
) -> Iterator[Problem]:
    """Rules of files that would have no effect.

    :param registered: the service's rule defaults. Other names are for rules to refer to.
    """
    registered = list(registered)
    old = [default.deprecated_rule.name for default in registered if default.deprecated_rule]
    known = dict.fromkeys([*(default.name for default in registered), *old, default_rule])
    prefixes = {name.partition(":")[0] for name in known if ":" in name}
    used = {word for rule in rules.values() for word in checks.words(rule.check)}
    hints = 0
    for name, rule in rules.items():
        if name in known:
            continue
        prefix, colon, _ = name.partition(":")
        if (colon and prefix in prefixes) or not name.isprintable():
            near = nearest(name, known) if hints < _HINTS else ""
            hints += 1
            yield _unknown(rule, near)
        elif f"rule:{name}" not in used:
            near = nearest(name, known, _A_SLIP)
            yield _unknown(rule, near) if near else _unused(rule)


def _unknown(rule: Rule, near: str) -> Problem:
    remedy = f"did you mean {near}?" if near else "correct its name, or take it away"
    text = "is no rule of the service"
    if not rule.name.isprintable():
        text += ", and has an invisible character in its name"
    return Problem("PP121", rule.file, rule.line, rule.name, text, remedy)


def _unused(rule: Rule) -> Problem:
    text = "is no rule of the service, and no rule refers to it"
    remedy = f"refer to it as rule:{rule.name}, or take it away"
    return Problem("PP205", rule.file, rule.line, rule.name, text, remedy)
