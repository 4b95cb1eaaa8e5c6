"""oslo.policy's check trees → nodes of ours. oslo.policy is the parser; it does not decide."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oslo_policy import _checks, policy  # some classes of checks have no public name

from policy_proxy.policy.nodes import (
    Always,
    And,
    Attributes,
    Credentials,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Never,
    Node,
    Not,
    Or,
    Reference,
    Text,
)

# The conversions that a rule may hold, https://docs.python.org/3/library/stdtypes.html#old-string-formatting
_NAMED = re.compile(r"%\(([^()]+)\)s|%%")


def compiled(enforcer: policy.Enforcer) -> dict[str, Node]:
    """Every rule of an enforcer that has loaded its rules, defaults and deprecated ones included.

    :raises ValueError: a check that could not be evaluated; lint finds these first.
    """
    rules: dict[str, Node] = {}
    make = _Compiler(enforcer, rules)
    for name, check in enforcer.rules.items():
        rules[name] = make.node(check, name)
    return rules


def scopes(enforcer: policy.Enforcer) -> dict[str, frozenset[str]]:
    """The scope types of every registered rule; empty for one that any scope may ask for."""
    return {
        name: frozenset(rule.scope_types or ()) for name, rule in enforcer.registered_rules.items()
    }


def text(form: str) -> Text:
    """
    :raises ValueError: for a conversion other than `%(name)s` and `%%`.
    """
    if "%" in _NAMED.sub("", form):
        raise ValueError(f"{form!r} has a % that names no attribute: write %(name)s, or %%")
    return Text(form, tuple(name for name in _NAMED.findall(form) if name))


class _Compiler:
    """Compiles the checks of one enforcer. A reference may point at a rule that comes later."""

    def __init__(self, enforcer: policy.Enforcer, rules: Mapping[str, Node]) -> None:
        self._enforcer = enforcer
        self._rules = rules

    def node(self, check: Any, rule: str) -> Node:
        """
        :param rule: the name of the rule that the check belongs to.
        """
        if isinstance(check, policy.NotCheck):
            return Not(self.node(check.rule, rule))
        if isinstance(check, policy.AndCheck):
            return And(self._nodes(check.rules, rule))
        if isinstance(check, policy.OrCheck):
            return Or(self._nodes(check.rules, rule))
        return self._leaf(check, rule)

    def _nodes(self, checks: Iterable[Any], rule: str) -> tuple[Node, ...]:
        return tuple(self.node(check, rule) for check in checks)

    def _leaf(self, check: Any, rule: str) -> Node:
        kind = type(check)
        if kind is _checks.TrueCheck:
            return Always()
        if kind is _checks.FalseCheck:
            return Never()
        if kind is policy.RuleCheck:
            return self._reference(check.match)
        if kind is _checks.RoleCheck:
            return HasRole(text(check.match))
        if kind is _checks.GenericCheck:
            return _generic(check)
        return Foreign(str(check), _called(check, self._enforcer, rule))

    def _reference(self, name: str) -> Node:
        """oslo.policy takes the default rule for one that is missing, and denies without it."""
        if name in self._enforcer.rules:
            return Reference(name, self._rules)
        default = self._enforcer.default_rule
        return Reference(default, self._rules) if default in self._enforcer.rules else Never()


def _generic(check: Any) -> Node:
    """Any kind that is no registered one: a literal, or else an attribute of the credentials.

    None on the left is absence, which matches nothing here.
    """
    wanted = text(check.match)
    try:
        value = ast.literal_eval(check.kind)
    except ValueError:
        return Matches(tuple(check.kind.split(".")), wanted)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{check.kind!r} is neither a literal nor an attribute") from error
    return Never() if value is None else Literal(check.kind, str(value), wanted)


def _called(
    check: Any, enforcer: policy.Enforcer, rule: str
) -> Callable[[Attributes, Credentials], Any]:
    """How oslo.policy calls a check: older ones are not told the rule that they stand in."""
    knows_rule = len(inspect.signature(check).parameters) > 3  # noqa: PLR2004 - target, creds, enforcer

    def call(target: Attributes, creds: Credentials) -> Any:
        return check(target, creds, enforcer, *((rule,) if knows_rule else ()))

    return call
