"""Rules that let everyone in, or no one, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from policy_proxy.policy.lint.truth import SCOPES, Undecided, possible
from policy_proxy.policy.nodes import Node, Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule
from policy_proxy.policy.snapshot import PolicySnapshot

Verdict = tuple[str, str, str]
"""Code, text and remedy."""

_EVERYONE = 'name who may, as in "role:reader"'
_NO_ONE = 'name who may, or write "!" if nobody is meant'


def problems(
    snapshot: PolicySnapshot,
    written: Mapping[str, Rule],
    operations: Iterable[str],
    default_rule: str,
) -> Iterator[Problem]:
    """
    :param written: the rules of files by the names under which their checks are in force.
    :param operations: the rules that are asked for, not only referred to.
    """
    told: set[tuple[Rule, str]] = set()
    known: dict[tuple[Node, frozenset[str]], Verdict | None] = {}
    scopes = _scopes(snapshot, operations)
    names = {*snapshot.scopes, default_rule} & snapshot.rules.keys()
    for name in sorted(names, key=lambda name: (name not in written, name)):
        blamed = _blamed(name, snapshot, written)
        asked = snapshot.rules[name], scopes.get(name, frozenset(SCOPES))
        if not blamed:
            continue
        if asked not in known:
            known[asked] = _verdict(*asked)
        verdict = known[asked]
        if verdict and name == default_rule and verdict[0] in ("PP119", "PP203"):
            verdict = "PP124", "lets everyone do what no other rule is about", 'write "!"'
        if verdict and not any((rule, verdict[0]) in told for rule in blamed):
            code, text, remedy = verdict
            rule = blamed[0]
            told.add((rule, code))
            text = text if name in written else f"is why {name} {text}"
            yield Problem(code, rule.file, rule.line, rule.name, text, remedy)


def _blamed(name: str, snapshot: PolicySnapshot, written: Mapping[str, Rule]) -> list[Rule]:
    """The rule of the file; for a default rule, what a file has put below it, the nearest first."""
    if name in written:
        return [written[name]]
    names = [name]
    for reached in names:  # which grows meanwhile
        names += [other for other in _referred(snapshot.rules[reached]) if other not in names]
    return [written[reached] for reached in names if reached in written]


def _referred(node: Node) -> Iterator[str]:
    return (leaf.name for leaf in leaves_of(node) if isinstance(leaf, Reference))


def _verdict(node: Node, scopes: frozenset[str]) -> Verdict | None:
    """None also for a check that is too large to tell."""
    can = partial(possible, node)
    try:
        if not can(value=False, scopes=scopes, as_meant=False):
            return "PP119", "allows everyone, though it does not say so", _EVERYONE
        if not can(value=False, scopes=scopes, as_meant=True):
            return "PP203", "allows everyone who has a token", _EVERYONE
        if not can(value=True, scopes=SCOPES, as_meant=False):
            return "PP120", "allows no one, though it does not say so", _NO_ONE
        if not can(value=True, scopes=SCOPES, as_meant=True):
            return "PP204", "allows no one", 'name who may, as in "role:admin"'
        if not can(value=True, scopes=scopes, as_meant=True):
            taken = " or ".join(sorted(scopes))
            text = f"allows no one: its operations take tokens of scope {taken}"
            return "PP118", text, "ask for nothing that only tokens of another scope have"
    except Undecided:
        pass
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
                todo += _referred(snapshot.rules[name])
    return scopes
