"""What was done under a policy, by whom, and in which of the ways that the policy has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policy_proxy.model import Identity, Target
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.nodes import Foreign, HasRole, Node
from policy_proxy.policy.replay.looks import looks, reached
from policy_proxy.policy.replay.noted import Noted
from policy_proxy.policy.replay.remembered import OF_ANOTHER_KIND, Remembered, Undecidable
from policy_proxy.policy.replay.settled import depends, verdict
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.ways import Fact, Ways

Record = Mapping[str, Any]
Way = tuple[Fact, ...]
"""The facts in the order in which the rule has them."""

PEOPLE = ""
"""Stands for every caller that is no service account."""
MOST_ACCOUNTS = 1_000
"""Service accounts that are told apart: any beyond them count as people."""
_DENIED = -1


@dataclass(slots=True)
class Account:
    """A service account, as its last request had it.

    :param used: how often it did what, by the rule.
    """

    identity: Identity
    used: Counter[str] = field(default_factory=Counter)


class Usage:
    """Collects the allowed requests of a log.

    :param snapshot: the policy by which they are looked at.
    :param bodies: for the rule of each operation the attributes that come from the body.
    :param service_roles: whoever has one of these roles is a service account.

    `uses` counts for each rule how often it was met in which of its `ways`, a bit for each way, and
    by which account. A rule whose ways cannot be told apart has none: one with a check of somebody
    else's, or with hundreds of ways. `denied` notes what was allowed and is not by this policy,
    `unsure` has the rules with requests that may need any of their ways.
    """

    def __init__(
        self,
        snapshot: PolicySnapshot,
        bodies: Mapping[str, frozenset[str]],
        service_roles: Collection[str],
    ) -> None:
        self.snapshot = snapshot
        self.ways = {rule: ways_of(snapshot.rules[rule], service_roles) for rule in bodies}
        self.uses: dict[str, Counter[tuple[int, str]]] = {rule: Counter() for rule in bodies}
        self.unsure: set[str] = set()
        self.accounts: dict[str, Account] = {}
        self.denied, self.undecided = Noted(), Noted()
        self.records = self.allowed = 0
        self.first = self.last = ""
        self._service_roles = {role.lower() for role in service_roles}
        self._looks = {rule: looks(snapshot, rule, body) for rule, body in bodies.items()}
        self._mask = Remembered(self._looks, self._met)

    def take(self, file: str, number: int, record: Record) -> None:
        """
        :param file: the file in which the record stands, on the line of this number.
        """
        self.records += 1
        try:
            time = record["time"]
            self.first, self.last = min(self.first or time, time), max(self.last, time)
            if not record["revision"] or record["outcome"] == "denied":
                return
            self.allowed += 1
            mask = self._mask(record)
            if mask == _DENIED:
                self.denied.add("was allowed, and is not by this policy", file, number)
                return
            account = self._account(record)
            self.uses[record["operation"]][mask, account] += 1
        except (Undecidable, TypeError) as error:
            why = str(error) if isinstance(error, Undecidable) else OF_ANOTHER_KIND
            self.undecided.add(why, file, number)
            if record["operation"] in list(self.uses):  # which may be of any kind
                self.unsure.add(record["operation"])

    def _met(self, rule: str, target: Target, identity: Identity) -> int:
        """The ways in which the rule allows this, a bit for each.

        :raises Undecidable: if that depends on what the record does not have.
        """
        if not verdict(self.snapshot, self._looks, rule, target, identity):
            return _DENIED
        creds, unread = credentials(identity), self._looks[rule].unread(target)
        mask = 0
        for at, way in enumerate(self.ways[rule]):
            if any(depends(leaf, unread) for leaf, _ in way):
                continue
            if all(leaf.holds(creds, target) is value for leaf, value in way):
                mask |= 1 << at
        return mask

    def _account(self, record: Record) -> str:
        """
        :raises TypeError: for a user of another kind than a text.
        """
        user = record["user_id"]
        if not isinstance(user, str):
            raise TypeError
        if not user or self._service_roles.isdisjoint(map(str.lower, record["roles"])):
            return PEOPLE
        account = self.accounts.get(user)
        if account is None:
            if len(self.accounts) >= MOST_ACCOUNTS:
                return PEOPLE
            account = self.accounts[user] = Account(_identity(record))
        account.used[record["operation"]] += 1
        return user


def ways_of(node: Node, service_roles: Collection[str]) -> tuple[Way, ...]:
    """The ways in which a rule can be met, those of service accounts first; none if not known.

    Where several ways let a request in, an earlier one is preferred.
    """
    leaves = list(dict.fromkeys(reached(node)))
    if any(isinstance(leaf, Foreign) for leaf in leaves):
        return ()
    order = {leaf: at for at, leaf in enumerate(leaves)}
    found = Ways(lambda _: None, lambda _: False)
    ways = [
        tuple(sorted(way, key=lambda fact: (order[fact[0]], fact[1])))
        for way in found.to(node, value=True)
    ]
    if not found.complete:
        return ()
    wanted = {f"role:{role}".lower() for role in service_roles}
    return tuple(sorted(ways, key=lambda way: _place(way, order, wanted)))


def roles_in(way: Way) -> Iterator[str]:
    """The roles that it asks for by name."""
    for leaf, value in way:
        if isinstance(leaf, HasRole) and value and not leaf.name.names:
            yield leaf.name.form


def _place(way: Way, order: Mapping[Node, int], wanted: Collection[str]) -> tuple[Any, ...]:
    of_service = any(value and str(leaf).lower() in wanted for leaf, value in way)
    return not of_service, [order[leaf] for leaf, _ in way]


def _identity(record: Record) -> Identity:
    """Of a record that was decided already."""
    texts = ("user_id", "project_id", "project_domain_id", "user_domain_id", "domain_id")
    return Identity(
        **{name: record[name] for name in texts},
        system_scope=record["system_scope"],
        roles=tuple(record["roles"]),
        is_admin_project=record["is_admin_project"],
    )
