"""The check strings that allow what was done: the rule's own ways, but only those that were used.

So a suggestion never lets anybody in whom the policy keeps out. Of the ways of a rule those are
kept that together allow every request, and no more. One that only service accounts took is kept for
them alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policy_proxy.policy.credentials import TEXTS
from policy_proxy.policy.listing import check_string, expanded
from policy_proxy.policy.nodes import (
    Always,
    And,
    Matches,
    Never,
    Node,
    Not,
    Or,
    Reference,
    leaves_of,
)
from policy_proxy.policy.suggest.usage import PEOPLE, Usage, Way
from policy_proxy.policy.values import Text

MOST_NAMED = 16
"""Accounts that a rule names: of more it is better to make a role."""
_UNSURE = "some of its requests could not be decided: it stays"
_UNTOLD = "in which way it was met cannot be told: it stays"
_OTHERS = ("None", *TEXTS)
"""Words that lint takes for something else than an id."""
_ID = re.compile(r"[A-Za-z0-9_.@-]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is suggested for one rule.

    :param requests: how many were allowed by it.
    :param node: what it should say; None for what it says.
    :param dropped: the ways that nobody needed, as check strings.
    :param named: whether it names service accounts.
    :param remark: why it stays as it is though it could say less, or names no accounts.
    """

    rule: str
    requests: int
    node: Node | None
    dropped: tuple[str, ...] = ()
    named: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    :param by_account: whether rules may name service accounts.
    :param keep_unused: whether rules that nothing was allowed by stay as they are.
    """

    by_account: bool
    keep_unused: bool


def suggestions(usage: Usage, wishes: Wishes) -> list[Suggestion]:
    """One for each rule, in their order."""
    found = [_suggestion(rule, usage, wishes) for rule in usage.uses]
    changed = {one.rule for one in found if one.node is not None}
    return [_kept(one, usage.snapshot.rules[one.rule], changed) for one in found]


def _kept(one: Suggestion, now: Node, changed: set[str]) -> Suggestion:
    """What stays as it is says so in full, if it refers to a rule that does not."""
    if one.node is not None or changed.isdisjoint(_referred(now)):
        return one
    return replace(one, node=expanded(now))


def _referred(node: Node) -> Iterator[str]:
    for leaf in leaves_of(node):
        if isinstance(leaf, Reference):
            yield leaf.name
            yield from _referred(leaf.rules[leaf.name])


def _suggestion(rule: str, usage: Usage, wishes: Wishes) -> Suggestion:
    uses, ways, now = usage.uses[rule], usage.ways[rule], usage.snapshot.rules[rule]
    requests = uses.total()
    if rule in usage.unsure:
        return Suggestion(rule, requests, None, remark=_UNSURE)
    if not requests:
        if wishes.keep_unused or not _grants(ways, now):
            return Suggestion(rule, 0, None)
        return Suggestion(rule, 0, Never(), tuple(map(written, ways)))
    if not ways or any(mask == 0 for mask, _ in uses):
        return Suggestion(
            rule, requests, None, remark="in which way it was met cannot be told: it stays"
        )
    kept = cover(uses, ways)
    takers = _takers(uses, kept)
    named = {at: _named(takers[at], ways[at], wishes) for at in kept}
    remark = "; ".join(dict.fromkeys(why for _, why in named.values() if why))
    dropped = tuple(written(way) for at, way in enumerate(ways) if at not in kept)
    names = any(accounts for accounts, _ in named.values())
    if not dropped and not names:
        return Suggestion(rule, requests, None, remark=remark)
    parts = [_node(ways[at], named[at][0]) for at in kept]
    return Suggestion(rule, requests, _joined(Or, parts), dropped, names, remark)


def cover(uses: Mapping[tuple[int, str], int], ways: Sequence[Way]) -> list[int]:
    """The ways to keep: by one of them each use is allowed, and none could be left out.

    :param uses: how often it was allowed by which ways, a bit for each.
    """
    left = Counter[int]()
    for (mask, _), count in uses.items():
        left[mask] += count
    masks, kept = list(left), list[int]()
    while left:
        best = max(range(len(ways)), key=lambda at: (_met(left, at), len(ways[at]), -at))
        kept.append(best)
        left = Counter({mask: n for mask, n in left.items() if not mask >> best & 1})
    for at in reversed(kept[:-1]):
        others = [other for other in kept if other != at]
        if all(any(mask >> other & 1 for other in others) for mask in masks):
            kept = others
    return sorted(kept)


def written(way: Way) -> str:
    """As a check string."""
    return check_string(_node(way, ()))


def _met(left: Mapping[int, int], at: int) -> int:
    return sum(count for mask, count in left.items() if mask >> at & 1)


def _grants(ways: Sequence[Way], now: Node) -> bool:
    """Whether there is anything to take away. Of a rule without known ways nothing is."""
    return bool(ways) and not isinstance(now, Never)


def _takers(uses: Collection[tuple[int, str]], kept: Sequence[int]) -> dict[int, set[str]]:
    """Who needs which way. Whoever fits several adds to none of them that lets them in already."""
    takers: dict[int, set[str]] = {at: set() for at in kept}
    fitting = [([at for at in kept if mask >> at & 1], account) for mask, account in uses]
    for ways, account in sorted(fitting, key=lambda use: (len(use[0]), use[1])):
        if not any(takers[at] & {account, PEOPLE} for at in ways):
            takers[ways[0]].add(account)
    return takers


def _named(accounts: set[str], way: Way, wishes: Wishes) -> tuple[tuple[str, ...], str]:
    """The accounts that alone a way is kept for, none for whoever fits; and why, if that is odd."""
    asks_who = any(isinstance(leaf, Matches) and leaf.path == ("user_id",) for leaf, _ in way)
    if not wishes.by_account or asks_who or PEOPLE in accounts:
        return (), ""
    if len(accounts) > MOST_NAMED:
        return (), f"more than {MOST_NAMED} service accounts took a way: it names none"
    if not all(_ID.fullmatch(account) and account not in _OTHERS for account in accounts):
        return (), "the id of a service account is no word of a check string: it names none"
    return tuple(sorted(accounts)), ""


def _node(way: Way, accounts: Sequence[str]) -> Node:
    facts: list[Node] = [leaf if value else Not(leaf) for leaf, value in way]
    users: list[Node] = [Matches(("user_id",), Text(account)) for account in accounts]
    return _joined(And, [*facts, *([_joined(Or, users)] if users else [])])


def _joined(kind: type[And | Or], parts: Sequence[Node]) -> Node:
    if not parts:  # a way that asks for nothing
        return Always()
    return parts[0] if len(parts) == 1 else kind(tuple(parts))
