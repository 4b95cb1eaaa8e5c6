"""Rules that let everyone in, or no one, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policy_proxy.policy.lint.truth import SCOPES, Truth, truth
from policy_proxy.policy.nodes import Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule
from policy_proxy.policy.snapshot import PolicySnapshot

_EVERYONE = 'name who may, as in "role:reader"'
_NO_ONE = 'name who may, or write "!" if nobody is meant'


def problems(
    snapshot: PolicySnapshot, operations: Iterable[str], default_rule: str
) -> Iterator[Problem]:
    """
    :param operations: the rules that are asked for, not only referred to.
    """
    scopes = _scopes(snapshot, operations)
    for rule in snapshot.origins.values():
        if rule.name not in snapshot.scopes and rule.name != default_rule:
            continue
        table = truth(snapshot.rules[rule.name], snapshot.rules)
        found = table and _verdict(table, scopes.get(rule.name) or frozenset(SCOPES))
        if found and rule.name == default_rule and found[0] in ("PP119", "PP203"):
            found = "PP124", "lets everyone do what no other rule is about", 'write "!"'
        if found:
            yield _problem(rule, *found)


def _verdict(table: Truth, scopes: frozenset[str]) -> tuple[str, str, str] | None:
    """Code, text and remedy."""
    meant, possible = table.as_meant(), table.possible(SCOPES)
    reachable = table.possible(scopes)
    if table.always(reachable):
        return "PP119", "allows everyone, though it does not say so", _EVERYONE
    if table.always(reachable & meant):
        return "PP203", "allows everyone who has a token", _EVERYONE
    if table.never(possible):
        return "PP120", "allows no one, though it does not say so", _NO_ONE
    if table.never(possible & meant):
        return "PP204", "allows no one", 'name who may, as in "role:admin"'
    if table.never(reachable & meant):
        text = f"allows no one: its operations take tokens of scope {' or '.join(sorted(scopes))}"
        return "PP118", text, "ask for nothing that only tokens of another scope have"
    return None


def _scopes(snapshot: PolicySnapshot, operations: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """For each rule the scopes of the tokens that it can be asked about, through any operation."""
    scopes: dict[str, frozenset[str]] = {}
    for operation in operations:
        own = snapshot.scopes[operation] or frozenset(SCOPES)
        todo = [operation]
        while todo:
            name = todo.pop()
            known = scopes.get(name, frozenset())
            if not own <= known:
                scopes[name] = known | own
                leaves = leaves_of(snapshot.rules[name])
                todo += [leaf.name for leaf in leaves if isinstance(leaf, Reference)]
    return scopes


def _problem(rule: Rule, code: str, text: str, remedy: str) -> Problem:
    return Problem(code, rule.file, rule.line, rule.name, text, remedy)
