"""A verdict on a request of which not everything is known."""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.model import Identity, Target
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.nodes import (
    And,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Node,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.replay.looks import Looks
from policy_proxy.policy.replay.remembered import Undecidable
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.values import Attributes, Credentials


def verdict(
    snapshot: PolicySnapshot,
    looks: Mapping[str, Looks],
    rule: str,
    target: Target,
    identity: Identity,
) -> bool:
    """What the policy says, if that does not depend on what the record does not have.

    :raises Undecidable: if it does.
    """
    allowed = snapshot.authorize(rule, target, identity)
    unread = looks[rule].unread(target)
    if unread and settled(snapshot.rules[rule], credentials(identity), target, unread) is None:
        names = " and ".join(sorted(unread))
        raise Undecidable(f"its body was not read then, and {rule} looks at its {names}")
    return allowed


def settled(
    node: Node, creds: Credentials, target: Attributes, unknown: frozenset[str]
) -> bool | None:
    """The value of a check whatever those attributes are; None if it depends on them."""
    if isinstance(node, Reference):
        return settled(node.rules[node.name], creds, target, unknown)
    if isinstance(node, Not):
        value = settled(node.part, creds, target, unknown)
        return None if value is None else not value
    if isinstance(node, And | Or):
        deciding = isinstance(node, Or)
        values = {settled(part, creds, target, unknown) for part in node.parts}
        return deciding if deciding in values else None if None in values else not deciding
    return None if depends(node, unknown) else node.holds(creds, target)


def depends(leaf: Node, unknown: frozenset[str]) -> bool:
    """Whether a single check can look at one of these attributes."""
    if isinstance(leaf, Foreign):
        return bool(unknown)
    if isinstance(leaf, HasRole):
        return not unknown.isdisjoint(leaf.name.names)
    return isinstance(leaf, Literal | Matches) and not unknown.isdisjoint(leaf.wanted.names)
