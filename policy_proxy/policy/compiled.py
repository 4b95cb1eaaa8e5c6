"""oslo.policy's check trees → nodes of ours. oslo.policy is the parser; it does not decide."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from oslo_policy import _checks, policy  # some classes of checks have no public name

from policy_proxy.policy import remote
from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.nodes import (
    Always,
    And,
    Asked,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Never,
    Node,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.values import ABSENT, Attributes, Credentials, Text

Call = Callable[[Attributes, Credentials, Asked], Any]

# The conversions that a rule may hold, https://docs.python.org/3/library/stdtypes.html#old-string-formatting
_NAMED = re.compile(r"%\(([^()]+)\)s|%%")


def compiled(enforcer: policy.Enforcer) -> dict[str, Node]:
    """Every rule of an enforcer that has loaded its rules, defaults and deprecated ones included.

    :raises ValueError: a check that could not be evaluated; lint finds these first.
    """
    rules: dict[str, Node] = {}
    make = _Compiler(enforcer, rules)
    for name, check in enforcer.rules.items():
        rules[name] = make.node(check)
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

    def node(self, check: Any) -> Node:
        if isinstance(check, policy.NotCheck):
            return Not(self.node(check.rule))
        if isinstance(check, policy.AndCheck):
            return And(tuple(map(self.node, check.rules)))
        if isinstance(check, policy.OrCheck):
            return Or(tuple(map(self.node, check.rules)))
        return self._leaf(check)

    def _leaf(self, check: Any) -> Node:
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
        return _foreign(check, self._enforcer)

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


def _foreign(check: Any, enforcer: policy.Enforcer) -> Foreign:
    written = str(check)
    is_remote = getattr(check, "kind", "") in remote.KINDS
    return Foreign(written, _asked(written) if is_remote else _called(check, enforcer))


def _asked(url: str) -> Call:
    """A remote check, by our own rules instead of oslo.policy's."""
    fault = remote.fault(url)
    if fault:
        raise ValueError(f"{remote.shown(url)} {fault}")

    def call(target: Attributes, creds: Credentials, asked: Asked) -> bool:
        payload = {"rule": asked.rule, "target": _there(target), "credentials": _whole(creds)}
        return asked.ask(url, payload)

    return call


def _called(check: Any, enforcer: policy.Enforcer) -> Call:
    """How oslo.policy calls a check: older ones are not told the rule that was asked for."""
    knows_rule = len(inspect.getfullargspec(check.__call__).args) > 4  # noqa: PLR2004 - self, target, creds, enforcer

    def call(target: Attributes, creds: Credentials, asked: Asked) -> Any:
        rule = (asked.rule,) if knows_rule else ()
        return check(_there(target), _whole(creds), enforcer, *rule)

    return call


def _there(target: Attributes) -> dict[str, str]:
    """The target without what is absent, for checks that know nothing of absence."""
    return {name: value for name, value in target.items() if value not in ABSENT}


def _whole(creds: Credentials) -> dict[str, Any]:
    """The credentials as oslo.policy gives them to a check: None for each that is absent."""
    return {**dict.fromkeys(TEXTS), **creds}
