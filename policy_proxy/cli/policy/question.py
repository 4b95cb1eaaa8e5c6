"""What is asked for: an operation by its rule, or by a method and a path as a client sends them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import click

from policy_proxy.admission import path as paths
from policy_proxy.admission import query as queries
from policy_proxy.cli.policy_sources import no_such_rule
from policy_proxy.errors import Refusal
from policy_proxy.model import BodyRule, Identity, Operation, Request, Target
from policy_proxy.placement.operations import NAMESPACE
from policy_proxy.placement.parameters import parameters_of
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Question:
    """A question to policy.

    :param rule: empty for an operation that is open to everyone.
    :param route: the method and the path, if one is known.
    :param request: an example, if a rule has operations; its path may lack parameters.
    :param supplied: the attributes of the target that a request can choose or has.
    """

    rule: str
    route: str
    request: Request | None
    supplied: frozenset[str]

    def target(self, identity: Identity, given: Mapping[str, str]) -> Target:
        """The target as the service makes it, with what is `given` over it.

        :raises click.UsageError: for an attribute that no such request has, and for a value of one
            that nobody can choose.
        """
        for name in given:
            if name not in self.supplied:
                has = ", ".join(sorted(self.supplied)) or "no attribute"
                raise click.UsageError(
                    f"{self.rule} never has the attribute {name!r} of a target: it has {has}"
                )
        made = SERVICE.target(self.request, identity) if self.request else {}
        for name in self.own() & given.keys():
            if given[name] != made.get(name, ""):
                raise click.UsageError(
                    f"the {name} of a target of {self.rule} is always the caller's own: "
                    f"it is {made.get(name) or 'absent'} here, and not {given[name]!r}"
                )
        return {name: value for name, value in {**made, **given}.items() if value}

    def own(self) -> frozenset[str]:
        """The attributes of the target that are the caller's own."""
        if self.request is None:
            return frozenset()
        one = SERVICE.target(self.request, Identity(project_id="1", user_id="1"))
        other = SERVICE.target(self.request, Identity(project_id="2", user_id="2"))
        return frozenset(name for name in one if one[name] != other[name])


def by_rule(name: str, known: Collection[str]) -> Question:
    """
    :param name: of a rule, with or without the service's prefix.
    :param known: the names of all rules in force.
    :raises click.UsageError: with the nearest name.
    """
    rule = next((full for full in (name, NAMESPACE + name) if full in known), None)
    if rule is None:
        no_such_rule(name, known)
    operations = [operation for operation in SERVICE.operations if operation.rule == rule]
    if not operations:
        return Question(rule, "", None, frozenset(ATTRIBUTES))
    first = operations[0]
    empty = {parameter.name: "" for parameter in parameters_of(first)}
    route = f"{first.method} {first.template}" if len(operations) == 1 else ""
    request = Request(first, first.method, first.template, empty, (), "")
    return Question(rule, route, request, _supplied(operations))


def by_route(method: str, target: str, document: Any = None) -> Question:
    """
    :param target: a path with a query perhaps, percent-encoded as in a request.
    :param document: the body, as parsed from JSON; None to leave it out.
    :raises click.UsageError: if the proxy would refuse it before it asks policy.
    """
    path, _, query = target.partition("?")
    try:
        paths.check_raw(target)
        decoded = unquote_to_bytes(path).decode("latin-1")
        operation, raw = _router().match(method.upper(), decoded)
        params = SERVICE.check_params(operation, raw)
        pairs = queries.parse(query)
        SERVICE.check_query(operation, pairs)
        if document is not None:
            _check_body(operation, document)
        rebuilt = paths.rebuilt(operation.template, params)
    except Refusal as refusal:
        raise click.UsageError(
            f"policy is not asked: the proxy answers {refusal.status} {refusal.title}: "
            f"{refusal.detail}"
        ) from None
    request = Request(operation, operation.method, rebuilt, params, pairs, "", document=document)
    return Question(operation.rule, f"{request.method} {rebuilt}", request, _supplied([operation]))


@cache
def _router() -> paths.Router:
    return paths.Router(SERVICE.operations)


def _check_body(operation: Operation, document: Any) -> None:
    """
    :raises click.UsageError: for a body that the operation does not take.
    :raises Refusal: for one that the proxy refuses.
    """
    if operation.body is BodyRule.NONE:
        raise click.UsageError(f"{operation.method} {operation.template} takes no body")
    SERVICE.check_body(operation, document)


def _supplied(operations: Collection[Operation]) -> frozenset[str]:
    return frozenset(
        name
        for name, attribute in ATTRIBUTES.items()
        if any(operation in attribute.operations for operation in operations)
    )
