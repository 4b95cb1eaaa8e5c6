"""What oslo.policy itself says under a policy: the last word on every example."""

from __future__ import annotations

from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity, Target
from policy_proxy.policy.assembly import Defaults, loaded
from policy_proxy.policy.credentials import TEXTS, credentials
from policy_proxy.policy.diff.change import Side
from policy_proxy.policy.snapshot import PolicySnapshot


def side(snapshot: PolicySnapshot, settings: PolicySettings, defaults: Defaults) -> Side:
    """A policy to compare, with an Enforcer of oslo.policy's that has the same rules.

    :param settings: those that the snapshot was built by.
    """
    rules = {name: policy.RuleDefault(name, rule.check) for name, rule in snapshot.origins.items()}
    enforcer = loaded(rules, settings, defaults())

    def oracle(rule: str, target: Target, identity: Identity) -> bool:
        # As from a RequestContext: None for what is absent.
        creds = {**dict.fromkeys(TEXTS), **credentials(identity)}
        try:
            return bool(enforcer.authorize(rule, dict(target), creds))
        except Exception:  # noqa: BLE001  a service answers with an error then, and does nothing
            return False

    return Side(snapshot, oracle)
