"""Rules that let everyone in, or no one, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from policy_proxy.policy.lint.truth import SCOPES, Budget, Undecided, possible
from policy_proxy.policy.nodes import Node, Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.reader import Rule
from policy_proxy.policy.snapshot import PolicySnapshot

Verdict = tuple[str, str, str]
"""Code, text and remedy."""

_OWN = "since what it compares is the caller's own"
_EVERYONE = 'name who may, as in "role:reader"'
_NO_ONE = 'name who may, or write "!" if nobody is meant'


@dataclass(frozen=True, slots=True)
class Asked:
    """How a rule is asked for, through any operation.

    :param scopes: those of the tokens.
    :param own: the attributes of the target that are the caller's own each time.
    """

    scopes: frozenset[str]
    own: frozenset[str] = frozenset()


def problems(
    snapshot: PolicySnapshot,
    written: Mapping[str, Rule],
    operations: Mapping[str, frozenset[str]],
    default_rule: str,
) -> Iterator[Problem]:
    """
    :param written: the rules of files by the names under which their checks are in force.
    :param operations: the rules that are asked for, not only referred to; for each the attributes
        of its targets that are the caller's own.
    """
    told: set[tuple[Rule, str]] = set()
    known: dict[tuple[Node, Asked], Verdict | None] = {}
    asked_for = _asked_for(snapshot, operations)
    budget = Budget()
    names = {*snapshot.scopes, default_rule} & snapshot.rules.keys()
    for name in sorted(names, key=lambda name: (name not in written, name)):
        blamed = _blamed(name, snapshot, written)
        question = snapshot.rules[name], asked_for.get(name, Asked(frozenset(SCOPES)))
        if not blamed:
            continue
        if question not in known:
            known[question] = _verdict(*question, budget)
        verdict = known[question]
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


def _verdict(node: Node, asked: Asked, budget: Budget) -> Verdict | None:
    """The first that fits; none also for a check that is too large to tell."""
    try:
        fitting = (verdict for possible, verdict in _verdicts(asked, budget) if not possible(node))
        return next(fitting, None)
    except Undecided:
        return None


def _verdicts(asked: Asked, budget: Budget) -> Iterator[tuple[Callable[[Node], bool], Verdict]]:
    """What may be said of a rule, each with what is not possible then."""
    scopes, own = asked.scopes, asked.own
    fails = partial(possible, value=False, scopes=scopes, as_meant=True, budget=budget)
    holds = partial(possible, value=True, scopes=SCOPES, as_meant=True, budget=budget)
    yield (
        partial(fails, as_meant=False),
        ("PP119", "allows everyone, though it does not say so", _EVERYONE),
    )
    yield fails, ("PP203", "allows everyone who has a token", _EVERYONE)
    yield (
        partial(holds, as_meant=False),
        ("PP120", "allows no one, though it does not say so", _NO_ONE),
    )
    yield holds, ("PP204", "allows no one", 'name who may, as in "role:admin"')
    taken = " or ".join(sorted(scopes))
    text = f"allows no one: its operations take tokens of scope {taken}"
    yield (
        partial(holds, scopes=scopes),
        ("PP118", text, "ask for nothing that only tokens of another scope have"),
    )
    if own:
        text = f"allows everyone who has a token, {_OWN}"
        yield partial(fails, own=own), ("PP203", text, "ask for a role beside it")
        yield partial(holds, scopes=scopes, own=own), ("PP204", f"allows no one, {_OWN}", _NO_ONE)


def _asked_for(
    snapshot: PolicySnapshot, operations: Mapping[str, frozenset[str]]
) -> Mapping[str, Asked]:
    """For each rule how it is asked for, through all operations that lead to it."""
    asked: dict[str, Asked] = {}
    for operation, own in operations.items():
        scopes = snapshot.scopes[operation] or frozenset(SCOPES)
        todo = [operation]
        while todo:
            name = todo.pop()
            before = asked.get(name, Asked(frozenset(), own))
            now = Asked(before.scopes | scopes, before.own & own)
            if now != asked.get(name):
                asked[name] = now
                todo += _referred(snapshot.rules[name])
    return asked
