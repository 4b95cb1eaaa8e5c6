"""What a policy says of recorded requests, thought out once for all that are alike in what counts.

A log holds the same few questions again and again: the same callers do the same. So an answer is
remembered by the rule, and by those attributes of the caller and the target that the rule can look
at. How much is remembered is bounded, so that a log of any length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from typing import Any, Generic, TypeVar

from policy_proxy.model import Identity, Target
from policy_proxy.policy.replay.looks import Looks

Record = Mapping[str, Any]
Answer = TypeVar("Answer")
Ask = Callable[[str, Target, Identity], Answer]

MOST = 20_000
"""Answers that are remembered, some 10 MB."""
OF_ANOTHER_KIND = "a value in it is of another kind than it should be"
_SHOWN = 80
"""Characters of a name that is not known."""
_LISTS = ("roles", "service_roles")
_lists = itemgetter(*_LISTS)
_NOBODY = Identity()
_UNHEARD = object()


class Undecidable(Exception):
    """The record does not say what the rule looks at, or the rule is unknown; its text says which.

    The text holds nothing from the record but the name of a rule.
    """


class Remembered(Generic[Answer]):
    """
    :param looks: of each rule that can be asked for.
    :param ask: gives the answer for a rule, a target and an identity; only what `looks` names is
        in them.
    """

    def __init__(self, looks: Mapping[str, Looks], ask: Ask[Answer], most: int = MOST) -> None:
        self._rules = {rule: _Rule(rule, each) for rule, each in looks.items()}
        self._ask = ask
        self._left = self._most = most

    def __call__(self, record: Record) -> Answer:
        """
        :param record: an audit record with an operation.
        :raises Undecidable: if there is no answer.
        """
        try:
            rule = self._rules[record["operation"]]
            key = rule.key(record)
            answer = rule.known.get(key, _UNHEARD)
        except (KeyError, TypeError, AttributeError) as error:
            raise Undecidable(self._why_not(record, error)) from None
        return self._asked(rule, key, record) if answer is _UNHEARD else answer

    def _asked(self, rule: _Rule, key: Hashable, record: Record) -> Answer:
        answer = self._ask(rule.name, rule.target(record), rule.identity(record))
        if not self._left:
            for each in self._rules.values():
                each.known.clear()
            self._left = self._most
        self._left -= 1
        rule.known[key] = answer
        return answer

    def _why_not(self, record: Record, error: Exception) -> str:
        rule = record["operation"]
        if not isinstance(rule, str):
            return "its operation is no text"
        if rule not in self._rules:
            return f"the service has no operation {rule[:_SHOWN]!r}"
        if isinstance(error, KeyError):
            return f"it does not say the {error.args[0]} that {rule} looks at"
        return OF_ANOTHER_KIND


class _Rule:
    """What is remembered of one rule, and how it is found."""

    def __init__(self, name: str, looks: Looks) -> None:
        self.name = name
        self.known: dict[Hashable, Any] = {}
        self._looks = looks
        self._fields = itemgetter(*looks.fields)

    def key(self, record: Record) -> Hashable:
        """
        :raises KeyError: if the record lacks a field.
        :raises TypeError: for a value of another kind, or AttributeError.
        """
        roles, service_roles = _lists(record)
        target = record["target"]
        if type(roles) is not list or type(service_roles) is not list:
            raise TypeError
        names = self._looks.names
        aim = sorted(target.items()) if names is None else map(target.get, names)
        return (self._fields(record), tuple(roles), tuple(service_roles), *aim)

    def target(self, record: Record) -> Target:
        """
        :raises Undecidable: for a value that is no text.
        """
        names, whole = self._looks.names, record["target"]
        found = {name: whole[name] for name in (whole if names is None else names) if name in whole}
        if not all(type(value) is str for value in found.values()):
            raise Undecidable("a value in its target is no text")
        return found

    def identity(self, record: Record) -> Identity:
        """
        :raises Undecidable: for a value of another kind than an identity has.
        """
        values = {name: record[name] for name in self._looks.fields}
        lists = [record[name] for name in _LISTS]
        of_kind = all(type(value) is type(getattr(_NOBODY, k)) for k, value in values.items())
        if not of_kind or not all(type(one) is str for each in lists for one in each):
            raise Undecidable(OF_ANOTHER_KIND)
        roles, service_roles = map(tuple, lists)
        return Identity(**values, roles=roles, service_roles=service_roles)
