"""A policy in force."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from policy_proxy.model import Identity, Target
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.mentions import Mentions
from policy_proxy.policy.nodes import Asked, Node
from policy_proxy.policy.reader import Rule
from policy_proxy.policy.remote import Ask, not_asked

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """A policy in force: immutable, safe to use from any number of threads.

    :param revision: names the contents of the files it was built from.
    :param taken_at: seconds since the epoch.
    :param rules: every rule compiled, those among them that only others refer to.
    :param scopes: the scope types of each rule that can be asked for; empty if it has none.
    :param mentions: what of the target each rule may look at.
    :param origins: the rules that come from files, with their places; the others are defaults.
    :param ask: how `http:` and `https:` checks are asked; unless it is said how, they deny.
    """

    revision: str
    taken_at: float
    rules: Mapping[str, Node] = field(repr=False)
    scopes: Mapping[str, frozenset[str]] = field(repr=False)
    mentions: Mapping[str, Mentions] = field(default_factory=dict, repr=False)
    origins: Mapping[str, Rule] = field(default_factory=dict, repr=False)
    ask: Ask = field(default=not_asked, repr=False, compare=False)

    def authorize(self, rule: str, target: Target, identity: Identity) -> bool:
        """Whether `identity` may do `rule` to `target`.

        Attributes that are absent match nothing, on neither side. False for a rule that is not
        registered, for a token of the wrong scope, and for a check that fails.
        """
        wanted = self.scopes.get(rule)
        node = self.rules.get(rule)
        if wanted is None or node is None or (wanted and scope_of(identity) not in wanted):
            return False
        try:
            return node.holds(credentials(identity), target, Asked(rule, self.ask))
        except Exception:  # noqa: BLE001  whatever fails in a check, the answer is no
            _LOG.exception("rule %r could not be evaluated and is taken for a denial", rule)
            return False

    def looks_at(self, rule: str, attributes: frozenset[str]) -> bool:
        """Whether the verdict of a rule may depend on one of these attributes of the target."""
        return self.mentions.get(rule, Mentions()).any_of(attributes)


def scope_of(identity: Identity) -> str:
    """As oslo.policy sees the scope of a token (`Enforcer._enforce_scope`)."""
    if identity.system_scope:
        return "system"
    return "domain" if identity.domain_id else "project"
