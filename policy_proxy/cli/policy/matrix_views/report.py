"""A matrix with all that is told beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policy_proxy.placement.service import SERVICE
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.diff.realise import Case
from policy_proxy.policy.explain import Explained, explain
from policy_proxy.policy.listing import Listed, listing, origins_of
from policy_proxy.policy.matrix.grid import Change, Grid, Row
from policy_proxy.policy.nodes import Asked, Reference
from policy_proxy.policy.snapshot import PolicySnapshot


@dataclass(frozen=True, slots=True)
class Policy:
    """One of the policies.

    :param name: as it was named.
    :param listed: its rules by name.
    :param origins: where they stand.
    """

    name: str
    snapshot: PolicySnapshot
    listed: Mapping[str, Listed]
    origins: Mapping[str, str]

    def explained(self, rule: str, case: Case) -> tuple[bool, Explained]:
        """What it says to a caller about a target, and why. Remote servers are not asked."""
        identity, target = case
        snapshot = self.snapshot
        node = Reference(rule, snapshot.rules)
        tree = explain(node, credentials(identity), target, self.origins, Asked(rule))
        return snapshot.authorize(rule, target, identity), tree


@dataclass(frozen=True, slots=True)
class Report:
    """
    :param policies: one or two; of two the second is the newer one.
    :param unruled: the operations that are open to everyone, as `METHOD /path`.
    """

    policies: tuple[Policy, ...]
    grid: Grid
    unruled: tuple[str, ...]

    @property
    def compares(self) -> bool:
        return len(self.policies) > 1

    def listed(self, rule: str) -> Listed:
        """The rule, as the newer policy has it."""
        return self.policies[-1].listed[rule]


def report(names: Iterable[str], sides: Sequence[Side], grid: Grid) -> Report:
    """
    :param names: of the policies, as they are shown.
    """
    policies = (_policy(name, side.snapshot) for name, side in zip(names, sides, strict=True))
    unruled = (
        f"{operation.method} {operation.template or '(empty path)'}"
        for operation in SERVICE.operations
        if not operation.rule
    )
    return Report(tuple(policies), grid, tuple(unruled))


def _policy(name: str, snapshot: PolicySnapshot) -> Policy:
    listed = {one.name: one for one in listing(snapshot, SERVICE.defaults())}
    return Policy(name, snapshot, listed, origins_of(snapshot, SERVICE.defaults()))


def differs(row: Row) -> bool:
    """Whether the second policy changes anything for anybody, or may."""
    return any(entry.change is not Change.NONE for entry in row.entries)
