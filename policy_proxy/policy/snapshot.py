"""A policy in force."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from oslo_policy import policy

from policy_proxy.model import Identity, Target
from policy_proxy.policy.credentials import credentials

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """A policy in force: immutable, safe to use from any number of threads.

    :param revision: names the contents of the files it was built from.
    :param taken_at: seconds since the epoch.
    :param enforcer: an enforcer that holds all rules and reads no file any more.
    """

    revision: str
    taken_at: float
    enforcer: policy.Enforcer = field(repr=False)

    def authorize(self, rule: str, target: Target, identity: Identity) -> bool:
        """Whether `identity` may do `rule` to `target`.

        Attributes that are absent match nothing: the empty ones of the target and of the identity
        are kept from oslo.policy, where None and None are equal. False for a rule that is not
        registered, for a token of the wrong scope, and for a check that fails.
        """
        present = {name: value for name, value in target.items() if value}
        try:
            return bool(self.enforcer.authorize(rule, present, credentials(identity)))
        except Exception:  # noqa: BLE001  whatever fails in a check, the answer is no
            _LOG.exception("rule %r could not be evaluated and is taken for a denial", rule)
            return False
