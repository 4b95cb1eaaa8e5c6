"""What was never done in the time of a log: by each service account, and through each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from policy_proxy.model import Identity, Target
from policy_proxy.policy.suggest.narrow import cover
from policy_proxy.policy.suggest.usage import Account, Usage, roles_in

Own = Callable[[str, Identity], Target]
"""A target of a rule as far as it is the caller's own."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """
    :param name: of the account or the role.
    :param roles: those of the account.
    :param requests: how many of it were allowed.
    :param used: the rules that allowed them.
    :param never: the other rules that would let it in.
    """

    name: str
    roles: tuple[str, ...]
    requests: int
    used: tuple[str, ...]
    never: tuple[str, ...]


def of_accounts(usage: Usage, own: Own) -> list[Privileges]:
    """Those of each service account; what it may do is tried on a target of its own."""
    return [_of_account(name, usage.accounts[name], usage, own) for name in sorted(usage.accounts)]


def of_roles(usage: Usage) -> list[Privileges]:
    """Those of each role that a rule of an operation names. A request counts for the roles of the
    one way that it is taken to be allowed by.
    """
    used: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for rule, ways in usage.ways.items():
        kept = cover(usage.uses[rule], ways) if usage.uses[rule] and ways else []
        for at, way in enumerate(ways):
            for role in roles_in(way):
                name = names.setdefault(role.lower(), role)
                count = _count(usage, rule, kept, at)
                by_rule = used.setdefault(name, {})
                by_rule[rule] = by_rule.get(rule, 0) + count
    return [_privileges(role, (), by_rule) for role, by_rule in sorted(used.items())]


def _count(usage: Usage, rule: str, kept: Sequence[int], at: int) -> int:
    uses = usage.uses[rule].items()
    return sum(n for (mask, _), n in uses if next((k for k in kept if mask >> k & 1), None) == at)


def _of_account(name: str, account: Account, usage: Usage, own: Own) -> Privileges:
    by_rule = dict.fromkeys(_allowed(account.identity, usage, own), 0)
    return _privileges(name, account.identity.roles, {**by_rule, **account.used})


def _allowed(identity: Identity, usage: Usage, own: Own) -> Iterator[str]:
    for rule in usage.uses:
        if usage.snapshot.authorize(rule, own(rule, identity), identity):
            yield rule


def _privileges(name: str, roles: tuple[str, ...], by_rule: dict[str, int]) -> Privileges:
    return Privileges(
        name,
        roles,
        sum(by_rule.values()),
        tuple(sorted(rule for rule, count in by_rule.items() if count)),
        tuple(sorted(rule for rule, count in by_rule.items() if not count)),
    )
