"""The enforcer that oslo.policy's own tools ask for (entry point `oslo.policy.enforcer`)."""

from __future__ import annotations

from oslo_config import cfg
from oslo_policy import opts, policy

from policy_proxy.placement.rules import list_rules


def get_enforcer() -> policy.Enforcer:
    """A fresh enforcer with our rules and the files that the tool was pointed at.

    The tools parse their command line into oslo.config's `cfg.CONF` before they call this, and read
    `[oslo_policy]` from there afterwards, so that object it must be: give them `--config-file`.
    """
    opts.set_defaults(cfg.CONF)
    enforcer = policy.Enforcer(cfg.CONF)
    enforcer.suppress_default_change_warnings = True
    enforcer.register_defaults(list_rules())
    return enforcer
